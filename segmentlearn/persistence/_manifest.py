"""The first thing that is read of an archive: what it is and what it must hold.

An archive of protocol 1 is a zip file with

- ``manifest.json``: what the archive is, the versions that wrote it, and the size and
  SHA-256 of every other member;
- ``estimator.skops``: the estimator as skops writes it, nets left out (``_codecs.py``);
- ``networks/0.keras``, ``networks/1.keras``, …: the nets in Keras' own format.

Raise ``PROTOCOL`` when today's reader would misread, or fail on, what tomorrow's writer
writes; new entries of the manifest that a reader may ignore need no new number. Then

1. keep reading every older protocol: ``load`` and ``inspect`` branch on the manifest's
   protocol, never on a version of segmentlearn;
2. make a file of the new protocol with ``tests/persistence/make_protocol_file.py``, put
   it beside the old ones in ``tests/data``, and leave those as they are: the tests load
   them all.
"""

import datetime
import hashlib
import importlib.metadata
import json
import platform
from typing import Any

import numpy as np
from packaging.version import InvalidVersion, Version

import segmentlearn
from segmentlearn.exceptions import ArchiveError
from segmentlearn.persistence._card_content import check_card
from segmentlearn.persistence._checks._allowed import full_name, public_path

_PACKAGES = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "skops")
_LONGEST_TEXT = 200

FORMAT = "segmentlearn archive"
PROTOCOL = 1
MANIFEST, STATE = "manifest.json", "estimator.skops"


Manifest = dict[str, Any]
_KINDS: dict[str, tuple[type, ...]] = {
    "created": (str,),  # date and time in UTC, ISO 8601
    "versions": (dict,),  # of Python and of the packages that wrote the archive
    "estimator": (str,),  # full name of its class
    "parameters": (dict,),  # of the estimator as text, for the reader
    "classes": (list, type(None)),
    "feature_names": (list, type(None)),
    "trusted": (list,),  # classes that `load` must be passed as trusted
    "members": (dict,),  # sha256 and size of every other member
    "metadata": (dict,),  # what the user handed to `save`
}


def network_member(position: int) -> str:
    """Return the name of the member that holds a net."""
    return f"networks/{position}.keras"


def describe_estimator(
    estimator: Any,
    members: dict[str, bytes],
    trusted: list[str],
    metadata: dict[str, Any],
    card: dict[str, Any],
) -> Manifest:
    """Return the manifest of an estimator that is about to be written."""
    now = datetime.datetime.now(datetime.UTC)
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "format": FORMAT,
        "protocol": PROTOCOL,
        "created": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "versions": installed_versions(),
        "estimator": public_path(full_name(type(estimator))),
        "parameters": {
            name: _shorten(repr(value))
            for name, value in sorted(estimator.get_params(deep=False).items())
        },
        "classes": _plain_classes(getattr(estimator, "classes_", None)),
        "feature_names": None if names is None else [str(name) for name in names],
        "weights": _weights_of(estimator),
        "trusted": trusted,
        "members": {name: fingerprint(content) for name, content in members.items()},
        "metadata": metadata,
        "segments": getattr(estimator, "passport_", None),
        "card": card,
    }


def manifest_from_bytes(data: bytes) -> Manifest:
    """Read a manifest, checking its protocol first and then every entry's kind."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"the archive's manifest is damaged ({error}).") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ArchiveError("the zip file is not an archive written by segmentlearn.")
    protocol = content.get("protocol")
    if type(protocol) is not int or protocol < 1:
        raise ArchiveError(f"the archive's protocol is {protocol!r}, not a number.")
    if protocol > PROTOCOL:
        versions = content.get("versions")
        writer = versions.get("segmentlearn") if isinstance(versions, dict) else None
        raise ArchiveError(
            f"segmentlearn {writer} wrote the archive with protocol {protocol}, "
            f"and segmentlearn {segmentlearn.__version__} reads protocols up to "
            f"{PROTOCOL}; upgrade it: pip install --upgrade segmentlearn"
        )
    for name, kinds in _KINDS.items():
        if not isinstance(content.get(name, ...), kinds):
            raise ArchiveError(f"the archive's manifest has no valid entry {name!r}.")
    check_card(content.get("card"))
    return content


def check_members(manifest: Manifest, members: dict[str, bytes]) -> None:
    """Compare the members of an archive with its manifest."""
    known = manifest["members"]
    missing = sorted(known.keys() - members.keys())
    extra = sorted(members.keys() - known.keys())
    if missing or extra:
        raise ArchiveError(
            f"the archive lacks members {missing} and has members {extra} that its "
            "manifest does not name; it was altered."
        )
    for name, content in members.items():
        if known[name] != fingerprint(content):
            raise ArchiveError(
                f"{name!r} of the archive has other bytes than its manifest says; it "
                "was damaged or altered."
            )


def fingerprint(content: bytes) -> dict[str, Any]:
    """Return what identifies a member's bytes."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide what is written."""
    versions = {
        "segmentlearn": segmentlearn.__version__,
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        # TensorFlow has builds of other names, such as tensorflow-cpu
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def compare_versions(manifest: Manifest) -> str:
    """Name the packages that differ from the writer's, and what to install."""
    installed = installed_versions()
    different = [
        f"{name} {version} (here {installed.get(name)})"
        for name, version in _written_with(manifest).items()
        if installed.get(name) != version
    ]
    if not different:
        return "It was written with the same versions as here."
    newer = name_newer_versions(manifest)
    return f"It was written with {', '.join(different)}. {newer}".rstrip()


def name_newer_versions(manifest: Manifest) -> str:
    """Say which packages are older here than where an archive was written."""
    installed = installed_versions()
    newer = {
        name: version
        for name, version in _written_with(manifest).items()
        if name != "python" and _is_newer(version, installed.get(name))
    }
    if not newer:
        return ""
    pinned = [f'"{name}>={version}"' for name, version in newer.items()]
    names = ", ".join(f"{name} {version}" for name, version in newer.items())
    verb, noun = ("are", "those") if len(newer) > 1 else ("is", "the one")
    return f"{names} {verb} newer than {noun} here: pip install {' '.join(pinned)}"


def _written_with(manifest: Manifest) -> dict[str, str]:
    return {
        name: str(version)
        for name, version in manifest["versions"].items()
        if name in (*_PACKAGES, "python", "segmentlearn")
    }


def _is_newer(version: str, installed: str | None) -> bool:
    """Whether a package was newer; only for what pip can install."""
    if installed is None:
        return False
    try:
        return Version(version) > Version(installed)
    except InvalidVersion:
        return False


def _weights_of(estimator: Any) -> dict[str, float] | None:
    """Return what each estimator of a blend weighs."""
    names = getattr(estimator, "named_estimators_", None)
    weights = getattr(estimator, "weights_", None)
    if names is None or weights is None:
        return None
    return dict(zip(names, map(float, weights), strict=True))


def weights_in(manifest: Manifest) -> dict[str, float] | None:
    """Return the weights of a blend; None in archives of older versions."""
    weights = manifest.get("weights")
    if not isinstance(weights, dict):
        return None
    return {name: value for name, value in weights.items() if type(value) is float}


def _plain_classes(classes: Any) -> list | None:
    """Return labels as JSON has them; dates and the like as text."""
    if classes is None:
        return None
    return [
        label if isinstance(label, str | int | float | bool) else str(label)
        for label in np.asarray(classes, dtype=object).tolist()
    ]


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
