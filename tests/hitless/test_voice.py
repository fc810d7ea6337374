"""A notebook's words on a terminal."""

import io

from nbformat.v4 import new_output

from hitless.voice import FOLD_ABOVE, FOLD_TO, Voice


def heard(*outputs):
    out = io.StringIO()
    voice = Voice("the notebook", out)
    for output in outputs:
        voice.hear(output)
    voice.end()
    return out.getvalue().splitlines()


def stream(text):
    return new_output("stream", name="stdout", text=text)


def test_each_line_is_indented_once_and_none_is_empty():
    assert heard(stream("one\n\n  two\n"), stream("\n")) == ["  one", "    two"]


def test_a_line_that_comes_in_pieces_is_one_line():
    assert heard(stream("wait"), stream("ing\nfor"), stream(" it")) == ["  waiting", "  for it"]


def test_a_long_block_is_folded_and_says_where_the_rest_is():
    lines = heard(stream("".join(f"{n}\n" for n in range(FOLD_ABOVE + 1))))
    assert lines[-1] == f"  … {FOLD_ABOVE + 1 - FOLD_TO} more lines, in the notebook" and len(lines) == FOLD_TO + 1


def test_many_short_ones_are_not():
    assert len(heard(*[stream("x\n")] * 100)) == 100


def test_an_error_is_told_whole_and_an_interrupt_in_one_line():
    trace = [f"line {n}" for n in range(50)]
    assert len(heard(new_output("error", ename="KeyError", evalue="", traceback=trace))) == 50
    assert heard(new_output("error", ename="CancelledError", evalue="", traceback=trace)) == [
        "  CancelledError: the step was told to stop, and did"
    ]


def test_pictures_are_not_told_and_results_are():
    picture = new_output("display_data", data={"text/plain": "<Figure>", "image/png": ""})
    assert heard(picture, new_output("execute_result", data={"text/plain": "\x1b[1m42\x1b[0m"})) == ["  42"]


def test_an_endless_repr_is_clipped():
    (line,) = heard(new_output("execute_result", data={"text/plain": "x" * 1000}))
    assert len(line) == 142 and line.endswith(" …")
