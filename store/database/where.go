package database

import (
	"slices"

	"tongxing/core"
)

// Where is the condition of a query with its arguments, in the order of its clauses. The zero value
// has no clause and matches every row. A copy is narrowed independently.
type Where struct {
	text string
	args []any
}

// Within returns the condition that column holds a community of the scope; see
// ScopeWhere.
func Within(scope core.Scope, column string) Where {
	text, args := ScopeWhere(scope, column)
	return Where{text, args}
}

// And narrows the condition by a clause; alternatives must be in parentheses.
func (w *Where) And(clause string, args ...any) {
	if w.text != "" {
		clause = w.text + " AND " + clause
	}
	w.text, w.args = clause, append(slices.Clip(w.args), args...)
}

// Either narrows the condition by one of two clauses: by yes if answer is "yes", by no if it is
// "no", by neither if it is empty.
func (w *Where) Either(answer, yes, no string) {
	switch answer {
	case "yes":
		w.And(yes)
	case "no":
		w.And(no)
	}
}

// Like narrows the condition to rows one of whose columns contains part.
func (w *Where) Like(part string, columns ...string) {
	clause, args := "(", []any(nil)
	for i, column := range columns {
		if i > 0 {
			clause += " OR "
		}
		clause, args = clause+column+" LIKE ? ESCAPE '!'", append(args, LikeContains(part))
	}
	w.And(clause+")", args...)
}

// With returns the condition narrowed by another.
func (w Where) With(other Where) Where {
	if other.text != "" {
		w.And(other.text, other.args...)
	}
	return w
}

// Text returns the condition to follow WHERE.
func (w Where) Text() string {
	if w.text == "" {
		return "1 = 1"
	}
	return w.text
}

// Args returns the condition's arguments followed by others.
func (w Where) Args(after ...any) []any { return slices.Concat(w.args, after) }
