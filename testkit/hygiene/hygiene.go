// Package hygiene finds in log lines what must never be in one: secrets, tokens, codes, phone numbers.
// tools/services passes the output of every test binary of a run through it.
package hygiene

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"sync"
)

// logLine matches a line of slog, of either handler and of the default one.
var logLine = regexp.MustCompile(`\blevel=(DEBUG|INFO|WARN|ERROR)\b|"level":"|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARN|ERROR) `)

// named are secrets by their names in addresses and answers of WeChat.
const named = `(app_?|corp_?)?secret|(component_)?access_token|refresh_token|session_key|(user_)?ticket`

// leaks are what a line may not have, by the name under which it is reported.
var leaks = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"a phone number", regexp.MustCompile(`(^|[^\w.])(\+?86)?1[3-9]\d{9}($|\W)`)},
	{"a bearer token", regexp.MustCompile(`(?i)\bbearer[ +]+[a-z0-9._~+/-]{8,}`)},
	{"a secret of an address", regexp.MustCompile(
		`(?i)[?&"{\\](` + named + `|js_code|code|sig|signature|msg_signature|token)=[^&\s"\\]{4,}`,
	)},
	{"a secret of an answer", regexp.MustCompile(
		`(?i)\\?"(` + named + `|password|aes_?key|encodingaeskey)\\?":\s*\\?"[^"\\]{4,}`,
	)},
	{"a decrypted message", regexp.MustCompile(`<xml>|<Content>|<Encrypt>|<FromUserName>`)},
	{"a message's text", regexp.MustCompile(
		`(?i)\\?"(touser|textcard|template_?params?(set)?|phone_?numbers?(set)?)\\?":\s*\\?["{\[]|[?&"](TemplateParam|PhoneNumbers)=` +
			`|\\?"(thing|time|date|phrase|const|name|character_string|number|phone_number)\d+\\?":\s*\{`,
	)},
	{"a simulated secret", regexp.MustCompile(`0123456789abcdef0123456789abcdef|demo-secret-|secret-of-the-|5ecret-0f-|t0ken-`)},
}

// Leak returns what a log line should not have, or "". A line that is not of a log may have anything: a
// failing test shows what it got.
func Leak(line []byte) (what string) {
	if !logLine.Match(line) {
		return ""
	}
	for _, l := range leaks {
		if l.pattern.Match(line) {
			return l.what
		}
	}
	return ""
}

// Filter copies what is written to it, and remembers the first lines that leak. It is for one stream.
type Filter struct {
	To io.Writer

	mu    sync.Mutex
	rest  []byte
	found []string
}

// maxFound limits the lines that a Filter remembers.
const maxFound = 10

// Write implements io.Writer.
func (f *Filter) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest = append(f.rest, text...)
	for {
		end := bytes.IndexByte(f.rest, '\n')
		if end < 0 {
			break
		}
		f.look(f.rest[:end])
		f.rest = f.rest[end+1:]
	}
	return f.To.Write(text)
}

func (f *Filter) look(line []byte) {
	if what := Leak(line); what != "" && len(f.found) < maxFound {
		f.found = append(f.found, fmt.Sprintf("%s is in the log: %s", what, line))
	}
}

// Found returns the lines that leak, each with what.
func (f *Filter) Found() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rest) > 0 {
		f.look(f.rest)
		f.rest = nil
	}
	return f.found
}
