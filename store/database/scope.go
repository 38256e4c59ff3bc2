package database

import "tongxing/core"

// ScopeWhere returns the condition, with its arguments, that column holds a community
// of the scope. Every query of what belongs to communities has it.
func ScopeWhere(scope core.Scope, column string) (string, []any) {
	switch {
	case scope.All:
		return "1 = 1", nil
	case len(scope.IDs) == 0:
		return "1 = 0", nil
	}
	return column + " IN (" + Placeholders(len(scope.IDs)) + ")", IDArgs(scope.IDs)
}
