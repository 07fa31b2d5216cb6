"""What a user sees while a net trains."""

import numpy as np
import pytest

from segmentlearn.engine._progress import describe, progress_bar


def test_silence(capfd):
    """verbose=0 writes nothing at all."""
    with progress_bar(0, 3) as report:
        report(0, {"loss": 1.0})
    assert capfd.readouterr() == ("", "")


def test_a_line_an_epoch(capsys):
    """verbose=2 names the epoch, its losses and metrics, on the error stream."""
    with progress_bar(2, 10) as report:
        report(0, {"loss": 1.25, "val_loss": 1.5, "learning_rate": 0.1})
        report(9, {"loss": 0.5, "val_loss": 1.0, "learning_rate": 0.1})
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "epoch  1/10  loss 1.2500  val_loss 1.5000",
        "epoch 10/10  loss 0.5000  val_loss 1.0000",
    ]


def test_a_bar(capsys):
    """verbose=1 counts the epochs up to the last, on the error stream."""
    with progress_bar(1, 3) as report:
        for epoch in range(3):
            report(epoch, {"loss": 1.0 / (epoch + 1)})
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss 0.3333" in err


def test_a_bar_ends_with_an_error():
    """An error passes through, and the terminal is given back."""
    with pytest.raises(KeyboardInterrupt), progress_bar(1, 3):
        raise KeyboardInterrupt


def test_members_are_averaged():
    """One number stands for all nets."""
    assert describe({"loss": np.array([1.0, 2.0])}) == "loss 1.5000"
