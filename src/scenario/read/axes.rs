//! `matrix`: its axes and their values.

use spanned_yaml::{Entry, Fields, Node, Span, Value};

use super::reader::Reader;
use crate::scenario::syntax::{Axis, AxisValue};

/// The most cells of one scenario.
const MOST_CELLS: usize = 1_000;

impl Reader<'_> {
    pub(super) fn matrix(&mut self, entry: Option<&Entry>) {
        let Some(entry) = entry else { return };
        let Some(axes) = entry.value.as_mapping() else {
            self.found.expected(&entry.value, "a map of axes");
            return;
        };
        if axes.is_empty() {
            self.found
                .error(entry.value.span, "an empty matrix")
                .help("write `axis: [value, value]` into it, or leave `matrix` out");
        }
        for axis in axes {
            let values = self.axis_values(axis);
            let Some(name) = self.name(&axis.key, axis.key_span, "an axis") else { continue };
            self.ledger.axis_written(&name, axis.key_span);
            let (values, repeats) = values.unwrap_or_default();
            self.axes.push(Axis { name, values, repeats });
        }
        let cells = self.axes.iter().try_fold(1_usize, |cells, axis| cells.checked_mul(axis.values.len()));
        if cells.is_none_or(|cells| cells > MOST_CELLS) {
            self.found
                .error(entry.key_span, format!("the matrix has more than {MOST_CELLS} cells"))
                .help("split the scenario");
        }
    }

    fn axis_values(&mut self, axis: &Entry) -> Option<(Vec<AxisValue>, bool)> {
        let (values, repeats) = if axis.value.as_mapping().is_some() {
            let mut fields = Fields::new(&axis.value, "an axis", &mut self.found)?;
            let values = fields.required("values", &mut self.found);
            let repeats = fields.boolean("repeats", &mut self.found).unwrap_or_default();
            fields.finish(&mut self.found);
            (values?, repeats)
        } else {
            (&axis.value, false)
        };
        let (read, any) = match (&values.value, values.as_mapping()) {
            (Value::Sequence(nodes), _) => (self.distinct(nodes, Self::axis_value), !nodes.is_empty()),
            (_, Some(entries)) => {
                (entries.iter().filter_map(|entry| self.named_value(entry)).collect(), !entries.is_empty())
            }
            _ => {
                self.found.expected(values, "a list of values, or a map of them by name");
                return None;
            }
        };
        if !any {
            self.found
                .error(
                    values.span,
                    format!("axis `{}` has no values, so the matrix yields nothing", axis.key),
                )
                .help("a matrix multiplies its axes: give it a value, or remove it");
        }
        Some((read, repeats))
    }

    fn axis_value(&mut self, node: &Node) -> Option<AxisValue> {
        let name = self.literal(node)?;
        self.part_of_an_id(&name, node.span)?;
        Some(AxisValue { value: name.clone().into(), name })
    }

    fn named_value(&mut self, entry: &Entry) -> Option<AxisValue> {
        self.part_of_an_id(&entry.key, entry.key_span)?;
        Some(AxisValue { name: entry.key.clone(), value: entry.value.to_json() })
    }

    /// The name becomes part of the case's id, so what structures an id cannot be in it.
    fn part_of_an_id(&mut self, name: &str, span: Span) -> Option<()> {
        if name.trim().is_empty() || name.contains(['[', ']', ',', '=']) || name.chars().any(char::is_control)
        {
            self.found.error(span, format!("`{name}` cannot be a value of a matrix")).help(
                "it becomes part of the case's name: leave out `[`, `]`, `,`, `=` and line breaks, or give it a name, \
                 `values: {name: value}`",
            );
            return None;
        }
        Some(())
    }
}
