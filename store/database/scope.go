package database

import "tongxing/core"

// ScopeWhere returns the condition, with its arguments, that column holds a community
// of the scope. Every query of what belongs to communities has it.
func ScopeWhere(scope core.Scope, column string) (string, []any) {
	switch {
	case scope.Whole():
		return "1 = 1", nil
	case scope.Empty():
		return "1 = 0", nil
	}
	communities := scope.Communities()
	return column + " IN (" + Placeholders(len(communities)) + ")", IDArgs(communities)
}
