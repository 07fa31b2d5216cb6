"""What is in each segment, and which columns go together."""

from segmentlearn.inspection._associations import Associations, associations
from segmentlearn.inspection._contrasts import NumberContrast
from segmentlearn.inspection._described import (
    OTHER_LEVELS,
    Described,
    fewer_levels,
    is_flag,
)
from segmentlearn.inspection._explanation import Explanation, explain
from segmentlearn.inspection._membership import (
    NOISE,
    find_membership,
    is_noise,
    last_step,
    raw_step,
    used_columns,
)
from segmentlearn.inspection._playbook import segment_playbook
from segmentlearn.inspection._profile import segment_profile
from segmentlearn.inspection._scores import (
    Scores,
    lasting_ids,
    model_features,
    name_of,
    score,
)
from segmentlearn.inspection._segment_profile import SegmentProfile, segment_facts
from segmentlearn.inspection._wording import NOISE_NAME, DistinguishingFeature

__all__ = [
    "Associations",
    "Explanation",
    "SegmentProfile",
    "associations",
    "explain",
    "segment_playbook",
    "segment_profile",
]
