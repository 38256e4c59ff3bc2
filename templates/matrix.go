package templates

import "slices"

// MatrixColumns are the columns of a Section drawn as a matrix: a choice is in the column of its Column,
// any other in the last.
var MatrixColumns = []Choice{{Value: "view", Label: "查看"}, {Value: "edit", Label: "修改"}, {Value: "export", Label: "导出"}, {Label: "其他"}}

// MatrixGroup is a field of a Section drawn as a matrix.
type MatrixGroup struct {
	Field Field
	Rows  []MatrixRow
}

// MatrixRow is the choices of a field with the same Row, by column.
type MatrixRow struct {
	Label string
	Cells [][]Choice // as many as MatrixColumns
}

// Columns returns MatrixColumns, for templates.
func (s Section) Columns() []Choice { return MatrixColumns }

// Width returns the number of columns, with that of the rows' labels.
func (s Section) Width() int { return len(MatrixColumns) + 1 }

// Last reports whether a column is that of all other choices, which have their labels beside them.
func (s Section) Last(column int) bool { return column == len(MatrixColumns)-1 }

// Groups returns the fields of a section drawn as a matrix.
func (s Section) Groups() []MatrixGroup {
	groups := make([]MatrixGroup, len(s.Fields))
	for i, f := range s.Fields {
		groups[i].Field = f
		for _, c := range f.Choices {
			rows := groups[i].Rows
			at := slices.IndexFunc(rows, func(r MatrixRow) bool { return r.Label == c.Row })
			if at < 0 {
				rows = append(rows, MatrixRow{Label: c.Row, Cells: make([][]Choice, len(MatrixColumns))})
				at = len(rows) - 1
			}
			column := slices.IndexFunc(MatrixColumns, func(m Choice) bool { return m.Value == c.Column })
			if c.Column == "" || column < 0 {
				column = len(MatrixColumns) - 1
			}
			rows[at].Cells[column] = append(rows[at].Cells[column], c)
			groups[i].Rows = rows
		}
	}
	return groups
}
