package core

import (
	"fmt"
	"slices"
)

// MaxStarred is the maximum number of pages that an account has on top of the menu.
const MaxStarred = 8

// Starred returns the stems of an account's starred pages after one is starred, or no longer is. A stem
// without a page in the console is NotFound, and one more than MaxStarred a Conflict.
func Starred(stems []string, stem string, on bool) ([]string, error) {
	f, _ := FeatureOf(stem)
	if f.List == "" && !f.Own {
		return nil, NotFound("没有这个页面")
	}
	at := slices.Index(stems, stem)
	switch {
	case on == (at >= 0):
		return stems, nil
	case !on:
		return slices.Delete(slices.Clone(stems), at, at+1), nil
	case len(stems) >= MaxStarred:
		return nil, Conflict(fmt.Sprintf("常用最多 %d 个，请先取消一个", MaxStarred))
	}
	return append(slices.Clone(stems), stem), nil
}
