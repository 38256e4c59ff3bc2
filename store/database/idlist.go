package database

import (
	"strconv"
	"strings"

	"tongxing/core"
)

// IDsOf returns the id of each row.
func IDsOf[T any](rows []T, id func(T) core.ID) []core.ID {
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	return ids
}

// SplitIDs parses a column of ids joined by commas; anything that is not an id is dropped.
func SplitIDs(list string) []core.ID {
	var ids []core.ID
	for item := range strings.SplitSeq(list, ",") {
		if n, err := strconv.ParseInt(item, 10, 64); err == nil && n > 0 {
			ids = append(ids, core.ID(n))
		}
	}
	return ids
}

// JoinIDs returns ids as such a column.
func JoinIDs(ids []core.ID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = id.String()
	}
	return strings.Join(parts, ",")
}
