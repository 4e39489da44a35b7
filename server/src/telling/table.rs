//! Rows for people: columns as wide as their longest cell, on stdout.

/// A table that is filled and then printed.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins with the columns' names.
    pub fn new<const N: usize>(names: [&str; N]) -> Self {
        Self {
            rows: vec![names.map(str::to_owned).to_vec()],
        }
    }

    /// One more row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Prints it; with only the names, prints `nothing` instead.
    pub fn print(&self, nothing: &str) {
        if self.rows.len() == 1 {
            println!("{nothing}");
        } else {
            print!("{}", self.text());
        }
    }

    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let fill = width.saturating_sub(cell.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', fill));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let mut table = Table::new(["id", "reason"]);
        table.row(["1".to_owned(), "größer".to_owned()]);
        table.row(["1000".to_owned(), String::new()]);
        assert_eq!(table.text(), "id    reason\n1     größer\n1000\n");
    }
}
