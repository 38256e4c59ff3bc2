package store

import "tongxing/core"

// scopeWhere gives the condition, with its arguments, that column holds a community
// of the scope. Every query of what belongs to communities has it.
func scopeWhere(scope core.Scope, column string) (string, []any) {
	switch {
	case scope.All:
		return "1 = 1", nil
	case len(scope.IDs) == 0:
		return "1 = 0", nil
	}
	return column + " IN (" + marks(len(scope.IDs)) + ")", idArgs(scope.IDs)
}
