"""What a customer table is: frames and files, columns and their kinds, identifiers."""

from segmentlearn.tables._cell_schema import CELL_DEFINITIONS, cell_schema
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
    Column,
    Factor,
    factorize,
    kind_of,
    level_counts,
    level_order,
    plain_level,
    to_numbers,
)
from segmentlearn.tables._files._description import describe_columns
from segmentlearn.tables._files._formats import NoRowsError
from segmentlearn.tables._files._formulas import defuse_formulas
from segmentlearn.tables._files._parts import row_group_ranges
from segmentlearn.tables._files._scan import ScannedFile, TableScan, scan_table
from segmentlearn.tables._files._selection import join_rows, take_rows
from segmentlearn.tables._files._table_file import (
    TableFile,
    read_table,
    rows_to_write,
    select_columns,
)
from segmentlearn.tables._files._tally import ScanTally, add_tally, tally_of
from segmentlearn.tables._files._writers import open_writer, output_kind
from segmentlearn.tables._frames import Table, as_table, check_table, refuse_lazy
from segmentlearn.tables._identifiers import (
    numbers_identify,
    text_identifies,
    warn_of_doubtful_categories,
    warn_of_identifiers,
)
from segmentlearn.tables._implausible import EXTREME
from segmentlearn.tables._labels import (
    bin_edges,
    known_labels,
    label_texts,
    plain_labels,
)
from segmentlearn.tables._names import (
    check_input_features,
    closest_name,
    column_names,
    free_name,
    spelling_variants,
    unique_names,
)
from segmentlearn.tables._output import (
    output_container,
    raw_table_tags,
    to_container,
)
from segmentlearn.tables._roles import (
    CATEGORICAL,
    NUMERIC,
    expected_kinds,
    listed_columns,
    resolve_roles,
)
from segmentlearn.tables._rows import (
    check_row_order,
    draw_rows,
    draw_sample,
    hash_rows,
    row_chunks,
)
from segmentlearn.tables._schema import (
    infinite_problems,
    match_columns,
    raise_schema_error,
    split_numeric_categorical,
)
from segmentlearn.tables._schema_reading import TableSchema, is_text, stored_schema
from segmentlearn.tables._text._dates import reads_as_date
from segmentlearn.tables._text._marks import SURE_MARKS
from segmentlearn.tables._text._reading import reads_as_number

__all__ = [
    "ScannedFile",
    "TableFile",
    "TableScan",
    "TableSchema",
    "read_table",
    "scan_table",
]
