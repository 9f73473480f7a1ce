//! CQL wire cells: a big-endian i32 length and as many bytes; -1 is null, -2 unset.

use scylla::deserialize::row::ColumnIterator;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::serialize::SerializationError;

use crate::failure::{Code, Failure};

enum Cell<'a> {
    Null,
    Unset,
    Value(&'a [u8]),
}

/// The first cell and what follows it; nothing when the bytes are no cell.
fn next_cell(bytes: &[u8]) -> Option<(Cell<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    match i32::from_be_bytes(*length) {
        -1 => Some((Cell::Null, rest)),
        -2 => Some((Cell::Unset, rest)),
        length => {
            let length = usize::try_from(length).ok()?;
            (rest.len() >= length).then(|| (Cell::Value(&rest[..length]), &rest[length..]))
        }
    }
}

/// A row whose values are on the wire already. The driver still routes by token: it reads what was written.
pub struct RawRow<'a>(pub &'a [u8]);

impl SerializeRow for RawRow<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter,
    ) -> Result<(), SerializationError> {
        let mut rest = self.0;
        for _ in context.columns() {
            let (cell, after) = next_cell(rest).ok_or_else(|| SerializationError::new(Failure::malformed()))?;
            rest = after;
            let column = writer.make_cell_writer();
            match cell {
                Cell::Null => _ = column.set_null(),
                Cell::Unset => _ = column.set_unset(),
                Cell::Value(value) => _ = column.set_value(value).map_err(SerializationError::new)?,
            }
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(SerializationError::new(Failure::malformed()))
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rows of a batch, one after the other in `cells`; nothing when they do not fill it exactly.
pub fn split_rows<'a>(cells: &'a [u8], columns: &[usize]) -> Option<Vec<RawRow<'a>>> {
    let mut rows = Vec::with_capacity(columns.len());
    let mut rest = cells;
    for count in columns {
        let begin = rest;
        for _ in 0..*count {
            rest = next_cell(rest)?.1;
        }
        rows.push(RawRow(&begin[..begin.len() - rest.len()]));
    }
    rest.is_empty().then_some(rows)
}

pub struct CollectedRows {
    pub cells: Vec<u8>,
    pub count: u32,
    pub columns: u32,
}

/// Copies a result's cells together.
pub fn collect(result: QueryResult) -> Result<CollectedRows, Failure> {
    let mut collected = CollectedRows {
        cells: Vec::new(),
        count: 0,
        columns: 0,
    };
    if !result.is_rows() {
        return Ok(collected);
    }
    let unreadable = |text: String| Failure {
        code: Code::Rejected,
        text,
    };
    let rows = result
        .into_rows_result()
        .map_err(|error| unreadable(error.to_string()))?;
    collected.columns = rows.column_specs().len() as u32;
    for row in rows
        .rows::<ColumnIterator>()
        .map_err(|error| unreadable(error.to_string()))?
    {
        collected.count += 1;
        for column in row.map_err(|error| unreadable(error.to_string()))? {
            match column.map_err(|error| unreadable(error.to_string()))?.slice {
                None => collected.cells.extend_from_slice(&(-1i32).to_be_bytes()),
                Some(value) => {
                    let value = value.as_slice();
                    collected.cells.extend_from_slice(&(value.len() as i32).to_be_bytes());
                    collected.cells.extend_from_slice(value);
                }
            }
        }
    }
    Ok(collected)
}
