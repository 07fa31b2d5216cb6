"""The number that says how an archive is laid out, and how to change it.

An archive of protocol 1 is a zip file with

- ``manifest.json``: what the archive is, the versions that wrote it, and the size and
  SHA-256 of every other member (``manifest.py``);
- ``estimator.skops``: the estimator as skops writes it, nets left out (``codecs.py``);
- ``networks/0.keras``, ``networks/1.keras``, …: the nets in Keras' own format.

Raise ``PROTOCOL`` when today's reader would misread, or fail on, what tomorrow's writer
writes; new entries of the manifest that a reader may ignore need no new number. Then

1. keep reading every older protocol: ``load`` and ``inspect`` branch on
   ``Manifest.protocol``, never on a version of segmentlearn;
2. make a file of the new protocol with ``tests/persistence/make_protocol_file.py``, put
   it beside the old ones in ``tests/data``, and leave those as they are: the tests load
   them all.
"""

FORMAT = "segmentlearn archive"
PROTOCOL = 1

MANIFEST = "manifest.json"
STATE = "estimator.skops"


def network_member(position: int) -> str:
    """Return the name of the member that holds a net."""
    return f"networks/{position}.keras"
