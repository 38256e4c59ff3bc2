package wechat

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// What people type into WeChat comes through as they typed it: its XML and JSON contain control
// characters, truncated characters and encoding names that no standard parser accepts. They occur
// in texts that we do not use, so they are removed and the rest is parsed.

// readXML parses a message of the platform, dropping the characters that XML forbids.
func readXML(body []byte, into any) error {
	d := xml.NewDecoder(strings.NewReader(legalXML(utf8Text(body))))
	// The text is UTF-8 by now, whatever its XML declaration names.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d.Decode(into)
}

// declaredGB matches a declaration of one of the Chinese encodings.
var declaredGB = regexp.MustCompile(`(?i)^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']gb[k0-9-]`)

// utf8Text decodes a message that declares a Chinese encoding. The platform also declares one for
// UTF-8, so valid UTF-8 stays as it is.
func utf8Text(body []byte) string {
	if utf8.Valid(body) || !declaredGB.Match(body) {
		return string(body)
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body)
	if err != nil {
		return string(body)
	}
	return string(decoded)
}

// characterRef matches a numeric character reference.
var characterRef = regexp.MustCompile(`&#(?:x[0-9a-fA-F]+|[0-9]+);`)

// legalXML removes the characters that XML 1.0 forbids, literal or as a numeric reference, and
// bytes that are not UTF-8.
func legalXML(text string) string {
	text = strings.Map(func(r rune) rune {
		if !inXML(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return characterRef.ReplaceAllStringFunc(text, func(ref string) string {
		digits, base := ref[2:len(ref)-1], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		code, err := strconv.ParseUint(digits, base, 32)
		if err != nil || code > utf8.MaxRune || !inXML(rune(code)) {
			return ""
		}
		return ref
	})
}

// inXML reports whether XML 1.0 allows a character.
// https://www.w3.org/TR/xml/#charsets
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// legalJSON makes a response of the platform acceptable to a JSON parser: it removes the byte order
// mark and backslashes that begin no escape, and replaces control characters by spaces. Anything
// that is not an object, such as a picture, is returned unchanged.
func legalJSON(body []byte) []byte {
	text := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return body
	}
	out := make([]byte, 0, len(text))
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < 0x20:
			out = append(out, ' ')
		case c == '\\' && quoted:
			if n := escapeLength(text[i:]); n > 0 {
				out = append(out, text[i:i+n]...)
				i += n - 1
			}
		default:
			if c == '"' {
				quoted = !quoted
			}
			out = append(out, c)
		}
	}
	return out
}

// escapeLength returns the length of the JSON escape at the start of text, or 0 if JSON has no such
// escape.
func escapeLength(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	if strings.IndexByte(`"\/bfnrt`, text[1]) >= 0 {
		return 2
	}
	if text[1] != 'u' || len(text) < 6 {
		return 0
	}
	if _, err := strconv.ParseUint(string(text[2:6]), 16, 16); err != nil {
		return 0
	}
	return 6
}
