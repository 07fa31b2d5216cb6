"""The Streamlit app: from a file of customers to named segments, without code.

Streamlit is imported by `_main` and the pages alone, in the process that the server
starts; what they show is computed by the other modules, which know nothing of a screen.
"""

from segmentlearn.app._serving import AppOptions, serve

__all__: list[str] = []
