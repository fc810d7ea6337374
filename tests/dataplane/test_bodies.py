import pytest

from awslab.dataplane.bodies import BadChunk, Chunks, Length, TooLarge

CHUNKED = b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\nGET"
BAD = {
    "negative": b"-1\r\n",
    "plus": b"+5\r\nhello\r\n",
    "prefix": b"0x5\r\nhello\r\n",
    "underscore": b"1_0\r\n",
    "empty-size": b"\r\n",
    "space": b" 5\r\nhello\r\n",
    "huge": b"fffffffffffffffff\r\n",
    "no-end": b"5\r\nhelloX\r\n",
    "bare-lf": b"5\nhello\n",
    "lf-after": b"5\r\nhello\n0\r\n\r\n",
    "long-extension": b"5;" + b"a" * 300 + b"\r\nhello",
    "endless-line": b"5;" + b"a" * 300,
    "nul-extension": b"5;a\0\r\n",
    "bad-trailer": b"0\r\nno colon\r\n\r\n",
    "folded-trailer": b"0\r\n X: 1\r\n\r\n",
    "long-trailer": b"0\r\nX: " + b"a" * 9000,
}


def fed(body, data, size):
    content, rest = b"", b""
    for at in range(0, len(data), size):
        got, rest = body.feed(data[at : at + size])
        content += got
        if body.done:
            return content, rest + data[at + size :]
    return content, rest


@pytest.mark.parametrize("size", range(1, len(CHUNKED) + 1))
def test_chunks_are_put_together_however_they_are_cut(size):
    body = Chunks()
    assert fed(body, CHUNKED, size) == (b"hello world", b"GET")
    assert body.done


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("name", BAD)
def test_chunks_that_could_be_read_in_two_ways_are_refused(name, size):
    with pytest.raises(BadChunk):
        fed(Chunks(), BAD[name], size)


def test_chunks_beyond_the_limit_are_refused_before_they_are_read():
    with pytest.raises(TooLarge):
        Chunks(10).feed(b"5\r\nhello\r\n6\r\n")


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_a_length_ends_where_it_says(size):
    assert fed(Length(5), b"helloGET", size) == (b"hello", b"GET")
