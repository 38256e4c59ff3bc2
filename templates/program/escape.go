package program

import (
	"bytes"
	"fmt"
	"html/template"
	"reflect"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

// escaper writes a value so that it stays a text where it stands.
type escaper func(out *bytes.Buffer, v reflect.Value)

// escapers are those of html/template, by its names for them, in their order in a pipeline.
var escapers = map[string]escaper{
	"htmlescaper":                         inText,
	"rcdataescaper":                       inRawText,
	"attrescaper":                         inAttribute,
	"urlfilter urlnormalizer attrescaper": inAddress,
	"urlnormalizer attrescaper":           inRestOfAddress,
	"urlescaper attrescaper":              inQuery,
}

// prefix begins the names of html/template's escapers.
const prefix = "_html_template_"

// escaperOf splits a pipeline into what the page's author wrote and what html/template has added.
func escaperOf(commands []*parse.CommandNode) ([]*parse.CommandNode, escaper, error) {
	var names []string
	at := len(commands)
	for at > 0 && len(commands[at-1].Args) == 1 && strings.HasPrefix(commands[at-1].String(), prefix) {
		at--
		names = append([]string{strings.TrimPrefix(commands[at].String(), prefix)}, names...)
	}
	escape := escapers[strings.Join(names, " ")]
	if escape == nil || at == 0 {
		return nil, nil, fmt.Errorf("%v is escaped in a way that is not compiled", commands)
	}
	return commands[:at], escape, nil
}

var (
	stringType = reflect.TypeFor[string]()
	htmlType   = reflect.TypeFor[template.HTML]()
	urlType    = reflect.TypeFor[template.URL]()
)

// textOf returns a value as text, and its type if it is one by which html/template knows what the text is.
func textOf(v reflect.Value) (string, reflect.Type) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == stringType {
			return v.String(), nil
		}
	case reflect.Int:
		if v.Type().NumMethod() == 0 {
			return strconv.FormatInt(v.Int(), 10), nil
		}
	case reflect.Invalid:
		return "", nil
	}
	return textOfAny(v.Interface())
}

func textOfAny(value any) (string, reflect.Type) {
	switch t := value.(type) {
	case nil:
		return "", nil
	case template.HTML:
		return string(t), htmlType
	case template.URL:
		return string(t), urlType
	case template.CSS, template.HTMLAttr, template.JS, template.JSStr, template.Srcset:
		fail("a value of the type %T is not compiled", value)
	case fmt.Stringer, error:
		return fmt.Sprint(value), nil
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && !v.IsNil() {
		return textOfAny(v.Elem().Interface())
	}
	return fmt.Sprint(value), nil
}

// inText escapes what stands between tags. Markup stays as it is.
func inText(out *bytes.Buffer, v reflect.Value) {
	text, kind := textOf(v)
	if kind == htmlType {
		out.WriteString(text)
		return
	}
	writeEscaped(out, text)
}

// inRawText escapes what stands in an element without tags, such as a title.
func inRawText(out *bytes.Buffer, v reflect.Value) {
	text, kind := textOf(v)
	if kind == htmlType {
		fail("markup in an element that has none")
	}
	writeEscaped(out, text)
}

// inAttribute escapes the value of an attribute.
func inAttribute(out *bytes.Buffer, v reflect.Value) {
	text, kind := textOf(v)
	if kind == htmlType {
		fail("markup in an attribute")
	}
	writeEscaped(out, text)
}

// inAddress escapes an attribute that is an address, and refuses one that would run a script.
func inAddress(out *bytes.Buffer, v reflect.Value) {
	text, kind := textOf(v)
	if kind != urlType && !safeAddress(text) {
		text = "#ZgotmplZ" // html/template's mark of a refused value, which tests look for
	}
	writeAddress(out, text, true)
}

// inRestOfAddress escapes what follows the beginning of an address.
func inRestOfAddress(out *bytes.Buffer, v reflect.Value) {
	text, _ := textOf(v)
	writeAddress(out, text, true)
}

// inQuery escapes a value in the query of an address.
func inQuery(out *bytes.Buffer, v reflect.Value) {
	text, kind := textOf(v)
	writeAddress(out, text, kind == urlType)
}

// safeAddress reports whether an address is relative, or absolute in a way that runs no script.
func safeAddress(text string) bool {
	scheme, _, absolute := strings.Cut(text, ":")
	if !absolute || strings.Contains(scheme, "/") {
		return true
	}
	for _, safe := range []string{"http", "https", "mailto"} {
		if strings.EqualFold(scheme, safe) {
			return true
		}
	}
	return false
}

// entity returns what an ASCII character is written as, "" if as itself.
func entity(c byte) string {
	switch c {
	case 0:
		return "\uFFFD"
	case '"':
		return "&#34;"
	case '&':
		return "&amp;"
	case '\'':
		return "&#39;"
	case '+':
		return "&#43;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return ""
}

// writeEscaped writes a text with its special characters as entities.
func writeEscaped(out *bytes.Buffer, text string) {
	written := 0
	for i := range len(text) {
		c := text[i]
		if c > '>' { // beyond every special one
			continue
		}
		if special := entity(c); special != "" {
			out.WriteString(text[written:i])
			out.WriteString(special)
			written = i + 1
		}
	}
	out.WriteString(text[written:])
}

// kept are the bytes of an address that are not encoded; whole of the ones that have a meaning in it.
var kept, whole = func() (kept, whole [256]bool) {
	for c := range 256 {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		kept[c] = letter || strings.ContainsRune("-._~", rune(c))
		whole[c] = c < utf8.RuneSelf && strings.ContainsRune("!#$&*+,/:;=?@[]", rune(c))
	}
	return kept, whole
}()

// writeAddress writes an address, or a part of one, into an attribute: encoded, and then escaped.
func writeAddress(out *bytes.Buffer, text string, isWhole bool) {
	const digits = "0123456789abcdef"
	for i := range len(text) {
		c := text[i]
		switch {
		case kept[c], isWhole && c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			out.WriteByte(c)
		case isWhole && whole[c]:
			if special := entity(c); special != "" {
				out.WriteString(special)
			} else {
				out.WriteByte(c)
			}
		default:
			out.WriteByte('%')
			out.WriteByte(digits[c>>4])
			out.WriteByte(digits[c&15])
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
