package core

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// SavedView is a list's filters and sort order, saved by an account under a name.
type SavedView struct {
	ID      ID
	Account ID
	Stem    string // of the list: "reader"
	Name    string
	Query   string // of the address, see ViewQuery
}

// MaxSavedView is how many views of one list an account may keep.
const MaxSavedView = 20

// maxViewQuery bounds a view's query, in bytes.
const maxViewQuery = 1500

// ViewQuery reduces an address's query to what a view saves: the filters and sort order that are
// set, without the page, in a fixed order.
func ViewQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil || len(raw) > 4*maxViewQuery {
		return "", Invalid("筛选条件有误，不能保存")
	}
	for name, list := range values {
		if name == "after" || name == "before" || strings.Join(list, "") == "" {
			delete(values, name)
		}
	}
	text := values.Encode()
	if len(text) > maxViewQuery {
		return "", Invalid("筛选条件太长，不能保存")
	}
	return text, nil
}

// Check cleans the view's name and returns an Invalid error if it is bad.
func (v *SavedView) Check() error {
	v.Name = strings.TrimSpace(v.Name)
	switch {
	case v.Name == "":
		return InvalidFields(map[string]string{"name": "请填写视图的名称"})
	case utf8.RuneCountInString(v.Name) > 20:
		return InvalidFields(map[string]string{"name": "名称最多 20 个字"})
	}
	return nil
}
