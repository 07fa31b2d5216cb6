"""Save fitted estimators, load them, and look into archives."""

import contextlib
import hashlib
import json
import os
import pathlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from segmentlearn._atomic import write_atomically
from segmentlearn.exceptions import ArchiveError, SegmentLearnWarning
from segmentlearn.persistence import _codecs as codecs
from segmentlearn.persistence import _manifest
from segmentlearn.persistence._checks._allowed import NotAllowedError, full_name
from segmentlearn.persistence._checks._budget import Budget, OverBudgetError
from segmentlearn.persistence._checks._keras_config import describe_layers
from segmentlearn.persistence._class_paths import current_path
from segmentlearn.persistence._container import pack, unpack
from segmentlearn.persistence._info import ArchiveInfo

_MEMBERS = r"manifest\.json|estimator\.skops|networks/(0|[1-9][0-9]{0,5})\.keras"


def save(
    estimator: BaseEstimator,
    path: str | os.PathLike[str] | BinaryIO,
    *,
    metadata: dict[str, Any] | None = None,
    card: dict[str, Any] | None = None,
    trusted: Iterable[str | type] = (),
) -> None:
    """Write a fitted estimator to a ``.seg`` archive.

    The archive is a zip file without pickles: a manifest in JSON, the estimator as
    skops writes it, and its nets in Keras' own format. Before anything is written it is
    read back and compared, so that what is saved can be loaded.

    Parameters
    ----------
    estimator : estimator
        Fitted: a classifier, a transformer, a `Pipeline` or a search that holds some.
    path : str, path-like or binary file
        Where to write. A file of that name is replaced once the new one is complete;
        when writing fails, the old one stays.
    metadata : dict, default=None
        Notes to keep in the archive: anything that JSON can hold.
    card : dict, default=None
        What only a person can say in the model card, all of it optional: the texts
        "intended_use", "out_of_scope", "training_data", "evaluation_data",
        "ethical_considerations", "limitations", "owner" and "license"; "units" and
        "descriptions" of columns by name; "metrics", numbers by name. The rest of the
        card comes from the estimator.
    trusted : iterable of str or type, default=()
        Classes that the estimator holds and that are neither segmentlearn's nor
        scikit-learn's nor imbalanced-learn's, as types or by full name. `load` must be
        passed the same.

    Raises
    ------
    ArchiveError
        If the estimator holds what an archive cannot hold, such as a function, or the
        card something that it does not know; the message names it and the cure.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    OSError
        If the file cannot be written.

    Warns
    -----
    SegmentLearnWarning
        If the estimator has callbacks, which are left out.

    See Also
    --------
    segmentlearn.persistence.load : Read the estimator again.
    segmentlearn.persistence.inspect : Look into an archive.

    Notes
    -----
    Weights are kept bit for bit: a loaded estimator predicts what the saved one did.
    A `log_dir` and the `memory` of a `Pipeline` are left out: they are folders of this
    machine.
    An optimizer's momentum between two calls of `partial_fit` is kept as the estimator
    keeps it.

    Examples
    --------
    >>> import io
    >>> from segmentlearn import SoftRobustScaler, load, save
    >>> file = io.BytesIO()
    >>> save(SoftRobustScaler().fit([[1.0], [2.0], [4.0]]), file)
    >>> load(file).center_
    array([2.])
    """
    if not isinstance(estimator, BaseEstimator):
        raise ArchiveError(
            f"an archive holds a fitted estimator, not an object of class "
            f"{full_name(type(estimator))}; put several into a Pipeline."
        )
    check_is_fitted(estimator)
    # loading needs nothing of what this imports
    from segmentlearn.persistence._model_card import describe_model

    names = _names(trusted)
    described = describe_model(estimator, card)
    state, networks = codecs.encode(estimator, names)
    members = {_manifest.STATE: state}
    members |= {_manifest.network_member(at): net for at, net in enumerate(networks)}
    manifest = _manifest.describe_estimator(
        estimator, members, sorted(names), _check_metadata(metadata), described
    )
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    data = _pack({_manifest.MANIFEST: text.encode(), **members})
    if isinstance(path, str | os.PathLike):
        write_atomically(path, data)
    else:
        path.write(data)


def load(
    path: str | os.PathLike[str] | BinaryIO, *, trusted: Iterable[str | type] = ()
) -> Any:
    """Read a fitted estimator from a ``.seg`` archive.

    Everything is checked before anything is built: the zip file, its members' names,
    sizes and hashes, the protocol, what all of it would unfold to, every class that the
    state names, and every layer of the nets, whose sizes must be those of the stored
    weights. An archive cannot name functions, and nets are read in Keras' safe mode.

    Parameters
    ----------
    path : str, path-like or binary file
        The archive. A binary file is read from its start.
    trusted : iterable of str or type, default=()
        Classes to build beside those of segmentlearn, scikit-learn and
        imbalanced-learn, as types or by full name. Only name classes that you know.

    Returns
    -------
    estimator : estimator
        Predicts what the saved one did.

    Raises
    ------
    ArchiveError
        If the archive is truncated, damaged, altered, written by a newer protocol,
        asks for more memory than its size can justify, or names what may not be built.
        Nothing has been built then. If newer packages wrote it, the message says which
        to install.
    OSError
        If the file cannot be read.

    Warns
    -----
    SegmentLearnWarning
        If the archive was written with another minor version of scikit-learn.

    See Also
    --------
    segmentlearn.persistence.save : Write an archive.
    segmentlearn.persistence.inspect : Look into an archive.

    Notes
    -----
    The hashes find damage, not forgery: whoever can write the file can write its
    hashes. What protects against a hostile file is that nothing it can name runs code.

    Examples
    --------
    >>> import io
    >>> from segmentlearn import SoftRobustScaler, load, save
    >>> file = io.BytesIO()
    >>> save(SoftRobustScaler().fit([[1.0], [2.0], [4.0]]), file)
    >>> load(file).transform([[2.0]])
    array([[0.]])
    """
    with _sound():
        archive = _Archive(_read(path), _name_of(path))
        try:
            archive.estimator.check_names(_names(trusted))
            estimator = archive.estimator.build()
        except ArchiveError as error:
            raise ArchiveError(
                f"{error} {_manifest.compare_versions(archive.manifest)}"
            ) from error
    written = str(archive.manifest["versions"].get("scikit-learn"))
    installed = _manifest.installed_versions()["scikit-learn"]
    if written.split(".")[:2] != installed.split(".")[:2]:
        warnings.warn(
            f"the archive was written with scikit-learn {written} and read with "
            f"{installed}: check that it predicts as before, and save it again.",
            SegmentLearnWarning,
            stacklevel=2,
        )
    return estimator


def inspect(path: str | os.PathLike[str] | BinaryIO) -> ArchiveInfo:
    """Look into a ``.seg`` archive without building anything from it.

    All that `load` checks is checked: sizes and hashes, what the archive would unfold
    to, and every name in it. TensorFlow is not imported.

    Parameters
    ----------
    path : str, path-like or binary file
        The archive.

    Returns
    -------
    info : ArchiveInfo
        What it holds, which versions wrote it, its columns, classes and layers, and
        which classes or functions `load` would refuse to build. Its ``str()`` is a
        readable page, ``to_markdown()`` a model card, ``to_json()`` all of it, and
        ``row_schema()`` the JSON Schema of a customer.

    Raises
    ------
    ArchiveError
        If the archive is truncated, damaged, altered, written by a newer protocol or
        asks for more memory than its size can justify.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import io
    >>> from segmentlearn import SoftRobustScaler, inspect, save
    >>> file = io.BytesIO()
    >>> save(SoftRobustScaler().fit([[1.0], [2.0], [4.0]]), file, metadata={"by": "me"})
    >>> inspect(file).metadata
    {'by': 'me'}
    """
    with _sound():
        data = _read(path)
        archive = _Archive(data, _name_of(path))
        manifest, refused = archive.manifest, archive.refused()
        classes, columns = manifest["classes"], manifest["feature_names"]
        return ArchiveInfo(
            estimator=current_path(manifest["estimator"]),
            protocol=manifest["protocol"],
            created=manifest["created"],
            versions=_texts(manifest["versions"]),
            parameters=_texts(manifest["parameters"]),
            classes=None if classes is None else tuple(classes),
            feature_names=None if columns is None else tuple(map(str, columns)),
            networks=tuple(
                describe_layers(network.config)
                for network in archive.estimator.networks
            ),
            trusted=tuple(map(str, manifest["trusted"])),
            metadata=manifest["metadata"],
            members=archive.sizes,
            size=len(data),
            weights=_manifest.weights_in(manifest),
            refused=refused,
            segments=_passport(manifest.get("segments")),
            card=manifest.get("card") or {},
            hashes={
                name: str(manifest["members"][name]["sha256"]) for name in archive.sizes
            },
            sha256=hashlib.sha256(data).hexdigest(),
        )


class _Archive:
    """A file whose members, sizes and hashes have been checked, and nothing built."""

    def __init__(self, data: bytes, what: str) -> None:
        budget = Budget(len(data))
        members = unpack(data, _MEMBERS, what, budget)
        if _manifest.MANIFEST not in members:
            raise ArchiveError(
                "the zip file is not an archive written by segmentlearn."
            )
        text = members.pop(_manifest.MANIFEST)
        budget.spend_json(text, "the manifest")
        self.manifest = _manifest.manifest_from_bytes(text)
        _manifest.check_members(self.manifest, members)
        self.sizes = {name: len(content) for name, content in members.items()}
        expected = {
            _manifest.STATE,
            *(_manifest.network_member(at) for at in range(len(members) - 1)),
        }
        if members.keys() != expected:
            raise ArchiveError(
                f"the archive has the members {sorted(members)} in place of "
                f"{sorted(expected)}; it was altered."
            )
        networks = [
            members[_manifest.network_member(at)] for at in range(len(members) - 1)
        ]
        name = self.manifest["estimator"]
        try:
            self.estimator = codecs.CheckedEstimator(
                members[_manifest.STATE], networks, name, budget
            )
        except ArchiveError as error:
            newer = _manifest.name_newer_versions(self.manifest)
            if newer:
                raise ArchiveError(f"{error} {newer}") from error
            raise

    def refused(self) -> str | None:
        """Return what `load` says if it builds nothing though the archive is sound."""
        try:
            self.estimator.check_names(_names(self.manifest["trusted"]))
        except NotAllowedError as error:
            return str(error)
        return None


@contextlib.contextmanager
def _sound() -> Iterator[None]:
    """Let nesting that is too deep for Python look like any other damage."""
    try:
        yield
    except RecursionError as error:
        raise ArchiveError("the archive nests deeper than any estimator.") from error


def _pack(members: dict[str, bytes]) -> bytes:
    """Write members so that `load` finds them small enough for the file's own size."""
    data = pack(members)
    try:
        _Archive(data, "the archive").refused()
    except OverBudgetError:
        data = pack(members, compress=False)
        _Archive(data, "the archive").refused()
    return data


def _read(path: str | os.PathLike[str] | BinaryIO) -> bytes:
    """Return the archive's bytes."""
    if isinstance(path, str | os.PathLike):
        data = pathlib.Path(path).read_bytes()
    elif hasattr(path, "read"):
        if path.seekable():
            path.seek(0)
        data = path.read()
    else:
        raise TypeError(
            f"path={path!r} must be a path or a file opened in binary mode."
        )
    if not isinstance(data, bytes):
        raise TypeError(
            f"path={path!r} was opened as text; open it in binary mode, 'rb'."
        )
    return data


def _name_of(path: Any) -> str:
    return str(path) if isinstance(path, str | os.PathLike) else "the archive"


def _names(trusted: Iterable[str | type]) -> frozenset[str]:
    if isinstance(trusted, str | type):
        trusted = [trusted]
    return frozenset(
        full_name(name) if isinstance(name, type) else str(name) for name in trusted
    )


def _passport(entries: Any) -> list[dict[str, Any]] | None:
    """Return the passport of segments; archives of any origin may hold anything."""
    if not isinstance(entries, list):
        return None
    return [
        entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("sizes"), dict)
    ]


def _texts(entries: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in entries.items()}


def _check_metadata(metadata: dict[str, Any] | None) -> dict[str, Any]:
    metadata = {} if metadata is None else metadata
    try:
        if json.loads(json.dumps(metadata)) == metadata and isinstance(metadata, dict):
            return metadata
    except (TypeError, ValueError, RecursionError):
        pass
    raise ArchiveError(
        f"metadata={metadata!r} must be a dict that JSON can hold as it is: keys of "
        "text, values of text, numbers, lists and dicts."
    )
