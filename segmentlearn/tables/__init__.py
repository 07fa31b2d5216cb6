"""What a customer table is: frames, columns and their kinds, roles, identifiers."""

from segmentlearn.tables._cells import (
    as_text,
    can_hold,
    fill_categories,
    restore_numbers,
)
from segmentlearn.tables._columns import (
    BOOLEAN,
    CATEGORY,
    DATETIME,
    EMPTY,
    MIXED,
    NUMBER,
    NUMERIC_KINDS,
    TIMEDELTA,
    Factor,
    factorize,
    kind_of,
    level_counts,
    level_order,
    missing_mask,
    to_numbers,
)
from segmentlearn.tables._containers import put_together, wanted_container
from segmentlearn.tables._frames import read_table
from segmentlearn.tables._identifiers import (
    find_identifiers,
    numbers_identify,
    text_identifies,
    warn_of_doubtful_categories,
    warn_of_identifiers,
)
from segmentlearn.tables._roles import (
    CATEGORICAL,
    NUMERIC,
    expected_kinds,
    resolve_roles,
)
from segmentlearn.tables._row_chunks import row_blocks
from segmentlearn.tables._sample import draw_sample
from segmentlearn.tables._schema import (
    check_input_features,
    column_names,
    infinite_problems,
    match_columns,
    raise_schema_error,
    unique_names,
)
from segmentlearn.tables._split import split_table

__all__ = []
