"""What a user sees while a net trains."""

import numpy as np
import pytest

from segmentlearn import engine
from segmentlearn.engine._progress import progress_bar


def test_silence(small_net, train, capfd):
    """verbose=0 writes nothing at all."""
    train(small_net(), epochs=1)
    assert capfd.readouterr() == ("", "")


def test_a_line_an_epoch(small_net, train, capsys):
    """verbose=2 names the epoch, its losses and metrics, on the error stream."""
    history = train(small_net(), epochs=10, verbose=2).history
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 10
    for number in (0, 9):
        loss, accuracy = history["loss"][number], history["accuracy"][number]
        start = f"epoch {number + 1:>2}/10  loss {loss:.4f}  accuracy {accuracy:.4f}"
        assert lines[number] == start


def test_a_bar(small_net, train, capsys):
    """verbose=1 counts the epochs up to the last, on the error stream."""
    history = train(small_net(), epochs=3, verbose=1).history
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert f"loss {history['loss'][-1]:.4f}" in err


def test_members_are_averaged(packed_net, table, capsys):
    """One number stands for all nets."""
    X, y = table
    settings = {"loss": "mse", "n_members": 3, "jit_compile": False, "verbose": 2}
    history = engine.fit(packed_net[0], X, y, **settings).history
    assert f"loss {np.mean(history['loss'][0]):.4f}" in capsys.readouterr().err


def test_a_bar_ends_with_an_error(small_net, train, capsys):
    """An error passes through, and the next training is shown as ever."""
    with pytest.raises(ValueError, match="broken"):
        train(small_net(), verbose=1, learning_rate_schedule=_broken)
    train(small_net(), epochs=1, verbose=1)
    assert "1/1" in capsys.readouterr().err


def test_a_bar_is_full_when_training_stops_early(capsys):
    """What was done is all there was; the title says which net it was."""
    with (
        engine.progress_title("net 2 of 5"),
        progress_bar(verbose=1, epochs=100) as report,
    ):
        report(0, {"loss": 1.0})
        report(1, {"loss": 0.5})
    shown = capsys.readouterr().err
    assert "net 2 of 5" in shown
    assert "2/2" in shown


def _broken(progress):
    raise ValueError("broken")
