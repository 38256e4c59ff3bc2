package database

import "strings"

// LikeContains returns the LIKE pattern of texts that contain part; its wildcards are
// escaped with an exclamation mark, so the condition ends in ESCAPE '!'.
func LikeContains(part string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(part) + "%"
}

// LikePrefix returns the LIKE pattern of texts that begin with prefix, escaped likewise.
func LikePrefix(prefix string) string { return strings.TrimPrefix(LikeContains(prefix), "%") }
