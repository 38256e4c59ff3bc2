package templates

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SeenField is the hidden field with the state that an edit is based on.
const SeenField = "seen"

// Seen returns the value of SeenField for a last change at t; "" = never changed.
func Seen(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// Stale puts values into a form whose record has been changed by somebody else: each field that
// differs from the saved value gets a message with it. The form is then based on the state it
// shows, so that submitting it again is a decision.
func (f *Form) Stale(values url.Values) {
	messages := map[string]string{}
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			if words, other := field.saved(values); other {
				messages[field.Name] = "现在保存的是：" + words
			}
		}
	}
	seen := f.Seen
	f.Set(values, messages)
	f.Seen = seen
}

// saved returns the saved value as text, and whether values differ from it.
func (f Field) saved(values url.Values) (words string, other bool) {
	var now, typed []string
	switch f.Kind {
	case Static, Password, Upload, Hidden:
		return "", false
	case Switch:
		typed := f
		typed.Value = values.Get(f.Name)
		if f.On() {
			return "开", !typed.On()
		}
		return "关", typed.On()
	default:
		typed = values[f.Name]
		if now = f.Values; len(now) == 0 && f.Kind != Checks {
			now = []string{f.Value}
			typed = []string{values.Get(f.Name)}
		}
	}
	said := make([]string, 0, len(now))
	for _, value := range now {
		if word := f.word(value); word != "" {
			said = append(said, word)
		}
	}
	if words = strings.Join(said, "、"); words == "" {
		words = "空"
	}
	return words, !slices.Equal(plain(now, f.Kind), plain(typed, f.Kind))
}

// word returns the text shown for a value.
func (f Field) word(value string) string {
	for _, choice := range f.Choices {
		if choice.Value == value {
			return choice.Label
		}
	}
	return value
}

// plain returns values without insignificant differences.
func plain(values []string, kind Kind) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
	}
	if kind == Checks {
		slices.Sort(out)
	}
	return out
}
