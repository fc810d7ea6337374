from awslab.dataplane.log_file import LogFile


def test_a_log_keeps_the_last_it_was_told_and_never_more_than_twice_its_limit(tmp_path):
    path = tmp_path / "task.log"
    log = LogFile(path, bytes_max=100)
    for number in range(100):
        log.write(b"%09d\n" % number)
    log.write(b"x" * 1_000)
    log.close()
    assert path.read_bytes() == b"x" * 100
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 200
