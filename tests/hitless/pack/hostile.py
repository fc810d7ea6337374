"""Text that tries to come alive in a page, to load something, or to look like what it is not."""

import base64

RUNS = "document.title='PWNED'"
SCRIPTS = (
    f"<script>{RUNS}</script>",
    f"<ScRiPt >{RUNS}</sCrIpT\t>",
    f"<scr<script>ipt>{RUNS}</scr</script>ipt>",
    f"</pre></td></table></main><script>{RUNS}</script>",
    f"</title></style></textarea></template></noscript>--><script>{RUNS}</script>",
    f'<img src=x onerror="{RUNS}">',
    f"<img/src=x/onerror={RUNS}>",
    f"<IMG SRC=x OnErRoR={RUNS}//",
    f"<svg onload={RUNS}>",
    f"<svg><script>{RUNS}</script></svg>",
    f"<svg><animate onbegin={RUNS} attributeName=x dur=1s></svg>",
    f"<svg><style><img src=x onerror={RUNS}></style></svg>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={RUNS}&gt;">',
    f'<noscript><p title="</noscript><img src=x onerror={RUNS}>"></noscript>',
    f"<body onload={RUNS}>",
    f"<details open ontoggle={RUNS}><summary>x</summary></details>",
    f"<video><source onerror={RUNS}></video>",
    f"<input autofocus onfocus={RUNS}>",
    f"<marquee onstart={RUNS}>x</marquee>",
    f'<iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    f'<iframe src="javascript:parent.{RUNS}"></iframe>',
    f'<object data="data:text/html,<script>parent.{RUNS}</script>"></object>',
    f'<embed src="javascript:{RUNS}">',
    f"<template><script>{RUNS}</script></template>",
    f"<td onmouseover={RUNS} style=position:fixed;inset:0>x</td>",
    f'" onerror="{RUNS}" x="',
    f"' onerror='{RUNS}' x='",
    f"{{{{ cycler.__init__.__globals__.os.system('{RUNS}') }}}}",
    f"{{% for x in ().__class__.__base__.__subclasses__() %}}{RUNS}{{% endfor %}}",
    f"<a href=javascript:{RUNS}>x</a>",
    f'<a href="java&#9;script:{RUNS}">x</a>',
    f'<a href="javascript&colon;{RUNS}">x</a>',
    f'<a href="data:text/html;base64,{base64.b64encode(f"<script>{RUNS}</script>".encode()).decode()}">x</a>',
    f"[x](javascript:{RUNS})",
    f"[x](data:text/html,<script>{RUNS}</script>)",
    f'![x](x"onerror="{RUNS})',
    f"<form action=javascript:{RUNS}><button>x</button></form>",
    f"<button formaction=javascript:{RUNS} form=f>x</button>",
)
LOADS = (
    '<img src="{url}/img">',
    '<img srcset="{url}/srcset 1x">',
    "![x]({url}/markdown)",
    "<link rel=stylesheet href={url}/link>",
    "<style>@import url({url}/import);</style>",
    "<style>body{{background:url({url}/style)}}</style>",
    '<div style="background:url({url}/attribute)">x</div>',
    "<table background={url}/background><tr><td background={url}/td>x</td></tr></table>",
    "<iframe src={url}/iframe></iframe>",
    "<object data={url}/object></object>",
    "<embed src={url}/embed>",
    "<video poster={url}/poster src={url}/video></video>",
    "<audio src={url}/audio autoplay></audio>",
    "<script src={url}/script></script>",
    "<svg><image href={url}/svg /><use href={url}/use#a /></svg>",
    '<meta http-equiv=refresh content="0;url={url}/refresh">',
    "<base href={url}/base/>",
    "<link rel=prefetch href={url}/prefetch><link rel=dns-prefetch href={url}>",
    "<a ping={url}/ping href={url}/a>x</a>",
)
DISGUISES = ("\u202eexe.txt", "\u2066a\u2069", "\x1b]0;p\x07\x1b[31mred", "\x00nul", "\ud800", "a\u2028b", "\U000e0041")


def payloads(url="http://127.0.0.1:9"):
    """All of them."""
    return [*SCRIPTS, *(load.format(url=url) for load in LOADS), *DISGUISES]


def notebook(texts):
    """An executed notebook that holds them in every place where text can be."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": texts},
        {"output_type": "error", "ename": texts[0], "evalue": texts[1], "traceback": texts},
        {"output_type": "error", "ename": texts[0], "evalue": texts[5], "traceback": []},
        *(_shown(kind, text) for kind in KINDS for text in texts),
        *({"output_type": text, "data": {text: text}, "metadata": {}} for text in texts),
    ]
    cells = [
        *({"cell_type": kind, "source": text, "metadata": {}} for kind in ("markdown", "raw") for text in texts),
        *({"cell_type": "markdown", "source": "", "attachments": {text: {text: text}}} for text in texts),
        *(_cell(text, text, []) for text in texts),
        _cell("", "writes", outputs),
    ]
    return {"cells": cells, "metadata": {"title": texts[0], "widgets": {texts[0]: texts}}, "nbformat": 4}


def _cell(source, tag, outputs):
    metadata = {"tags": [tag], "papermill": {"status": source}}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": outputs}


def _shown(kind, text):
    metadata = {kind: {"width": f"1 onerror={RUNS} ", "height": text}, "isolated": True}
    return {"output_type": "display_data", "data": {kind: text, "text/plain": text}, "metadata": metadata}


KINDS = (
    "text/html",
    "text/markdown",
    "text/plain",
    "text/latex",
    "text/vnd.mermaid",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/gif",
    "application/javascript",
    "application/json",
    "application/vnd.jupyter.widget-view+json",
)
