package gate

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shownForm is a form of parameters in which a device sends what was shown to it, escaped or not, among parameters of its own. The
// text may itself contain any of the names.
type shownForm struct {
	shown string   // the name of the text's parameter
	own   []string // the device's
}

// ownFields are a device's own parameters.
type ownFields map[string]string

// split separates the shown text from the device's parameters. Those to its left count
// first. To its right the device's parameters are at the end, each name once: a repeated name
// belongs to the text, which ends there.
func (f shownForm) split(raw string) (text string, fields ownFields, ok bool) {
	fields = ownFields{}
	parameters := strings.Split(raw, "&")
	for i, parameter := range parameters {
		name, value, found := strings.Cut(parameter, "=")
		if !found || lowerASCII(name) != f.shown {
			f.take(fields, parameter)
			continue
		}
		rest := parameters[i+1:]
		end := len(rest)
		for j := len(rest) - 1; j >= 0 && len(fields) < len(f.own); j-- {
			if f.take(fields, rest[j]) {
				end = j
			} else if fields.holds(rest[j]) {
				break
			}
		}
		return strings.Join(append([]string{value}, rest[:end]...), "&"), fields, true
	}
	return "", nil, false
}

// take keeps the first value of a parameter of the device and reports whether it did.
func (f shownForm) take(fields ownFields, parameter string) bool {
	name, value, ok := strings.Cut(parameter, "=")
	name = lowerASCII(name)
	if _, taken := fields[name]; taken || !ok || !slices.Contains(f.own, name) {
		return false
	}
	fields[name] = value
	return true
}

// holds reports whether the parameter's name has been taken already.
func (f ownFields) holds(parameter string) bool {
	name, _, _ := strings.Cut(parameter, "=")
	_, taken := f[lowerASCII(name)]
	return taken
}

// readHead reads the number of a device's head; "" is not one.
func readHead(text string, head *int) bool {
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	*head = int(n)
	return err == nil
}

// unescape decodes %XX if the whole text is escaped that way; a + stays.
func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
