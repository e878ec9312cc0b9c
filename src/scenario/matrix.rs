//! The cells of a matrix: every combination of its axes' values, in the order written, the last axis fastest.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    model::identifier::CaseId,
    scenario::{
        syntax::{AxisValue, Cell, CheckedScenario},
        template::Scope,
    },
};

impl CheckedScenario {
    /// What is run and reported, in the order written. Without a matrix this is one cell whose id is the scenario's.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let mut rows: Vec<Vec<(&str, &AxisValue)>> = vec![Vec::new()];
        for axis in &self.matrix {
            rows = rows
                .iter()
                .flat_map(|row| {
                    axis.values.iter().map(|value| [row.as_slice(), &[(axis.name.as_str(), value)]].concat())
                })
                .collect();
        }
        let cell = |row: Vec<(&str, &AxisValue)>| {
            let names: Vec<_> = row.iter().map(|(axis, value)| (*axis, value.name.as_str())).collect();
            Cell {
                id: self.case(&names),
                values: row.iter().map(|(axis, value)| ((*axis).to_owned(), value.name.clone())).collect(),
                data: row.iter().map(|(axis, value)| ((*axis).to_owned(), value.value.clone())).collect(),
            }
        };
        rows.into_iter().map(cell).collect()
    }

    /// The title of a cell.
    #[must_use]
    pub fn title_of(&self, cell: &Cell) -> String {
        // An object is called by its name; nobody reads JSON in a title.
        let mut shown = cell.data.clone();
        for (axis, value) in &mut shown {
            if let (Json::Object(_) | Json::Array(_), Some(name)) = (&*value, cell.values.get(axis)) {
                *value = name.as_str().into();
            }
        }
        self.title.fill(&shown).unwrap_or_else(|_| self.title.written())
    }

    /// The same for all cells that repeat one exchange on another profile (axes with `repeats: true`): the number of
    /// different keys is the number of distinct cases.
    #[must_use]
    pub fn distinct_key(&self, cell: &Cell) -> CaseId {
        let row: Vec<_> = self
            .matrix
            .iter()
            .filter(|axis| !axis.repeats)
            .filter_map(|axis| Some((axis.name.as_str(), cell.values.get(&axis.name)?.as_str())))
            .collect();
        self.case(&row)
    }

    /// The number of different [`distinct_key`](Self::distinct_key)s.
    #[must_use]
    pub fn distinct_cases(&self) -> usize {
        self.matrix.iter().filter(|axis| !axis.repeats).map(|axis| axis.values.len()).product()
    }

    fn case(&self, row: &[(&str, &str)]) -> CaseId {
        let values: Vec<_> = row.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        if values.is_empty() {
            return CaseId::new(self.id.as_str());
        }
        CaseId::new(format!("{}[{}]", self.id, values.join(",")))
    }
}

/// A cell defines `${matrix.<axis>}` and, of a value that is an object, `${matrix.<axis>.<member>}`.
impl Scope for Cell {
    fn lookup(&self, name: &str) -> Option<Json> {
        self.data.lookup(name)
    }
}

/// Axis → value, as in a [`Cell`].
impl Scope for BTreeMap<String, Json> {
    fn lookup(&self, name: &str) -> Option<Json> {
        let mut path = name.strip_prefix("matrix.")?.split('.');
        let value = self.get(path.next()?)?;
        path.try_fold(value, |value, member| value.get(member)).cloned()
    }
}
