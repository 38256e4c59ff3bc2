package access

import (
	"tongxing/core"
)

func kindValues(kinds []core.PassKind) []string {
	values := make([]string, len(kinds))
	for i, k := range kinds {
		values[i] = string(k)
	}
	return values
}
