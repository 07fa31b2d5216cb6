"""Write a model for other programs."""

import pathlib
from typing import Annotated

import typer

from segmentlearn.cli._options import Archive
from segmentlearn.cli._screen import InputError, note, plain_errors, waiting


def export(
    archive: Archive,
    to: Annotated[
        pathlib.Path, typer.Option(help="File to write, whose name ends in .onnx.")
    ],
) -> None:
    """Write a model as ONNX, which scores raw rows without Python."""
    import segmentlearn
    from segmentlearn.cli._tables import check_output
    from segmentlearn.export import to_onnx
    from segmentlearn.persistence import atomic_file

    with plain_errors("export", to):
        if to.suffix.lower() != ".onnx":
            raise InputError(f"--to {to} must end in .onnx.")
        check_output(to, archive, option="--to")
        model = segmentlearn.load(archive)
        try:
            with waiting("writing the graph"):
                content = to_onnx(model).SerializeToString()
        except (ImportError, TypeError) as error:
            raise InputError(str(error)) from error
        with atomic_file(to) as stream:
            stream.write(content)
        note(f"Written to {to}: {len(content):,} bytes")
