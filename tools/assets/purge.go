package main

import (
	"regexp"
	"strings"
)

// purge returns css without the rules that need a class that is not in words, and without custom
// properties that neither it nor our own sheets read. Elements, ids and attributes are always kept;
// at-rules left empty are removed.
func purge(css string, words map[string]bool, ourSheets string) string {
	css = comment.ReplaceAllString(css, "")
	var out strings.Builder
	purgeRules(css, words, &out)
	return dropUnreadProperties(out.String(), ourSheets)
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// purgeRules copies the rules of a list that are kept.
func purgeRules(css string, words map[string]bool, out *strings.Builder) {
	for css != "" {
		prelude, body, rest := nextRule(css)
		css = rest
		prelude = strings.TrimSpace(prelude)
		switch {
		case prelude == "":
		case body == "" && strings.HasSuffix(prelude, ";"):
			out.WriteString(prelude + "\n")
		case holdsRules(prelude):
			var inner strings.Builder
			purgeRules(body, words, &inner)
			if inner.Len() > 0 {
				out.WriteString(prelude + "{\n" + inner.String() + "}\n")
			}
		case strings.HasPrefix(prelude, "@"):
			out.WriteString(prelude + "{" + body + "}\n")
		default:
			if kept := keptSelectors(prelude, words); kept != "" && strings.TrimSpace(body) != "" {
				out.WriteString(kept + "{" + body + "}\n")
			}
		}
	}
}

func holdsRules(prelude string) bool {
	for _, at := range []string{"@media", "@supports", "@layer", "@container"} {
		if strings.HasPrefix(prelude, at) {
			return true
		}
	}
	return false
}

// nextRule splits the first rule off css: the text before its block, the block, and the rest. A
// statement ("@charset …;") has no body and keeps its semicolon.
func nextRule(css string) (prelude, body, rest string) {
	open := scan(css, 0, "{;")
	if open == len(css) {
		return "", "", ""
	}
	if css[open] == ';' {
		return css[:open+1], "", css[open+1:]
	}
	depth, i := 1, open+1
	for depth > 0 {
		i = scan(css, i, "{}")
		if i == len(css) {
			return css[:open], css[open+1:], ""
		}
		if css[i] == '{' {
			depth++
		} else {
			depth--
		}
		i++
	}
	return css[:open], css[open+1 : i-1], css[i:]
}

// scan returns the index of the first of marks at or after i, outside strings and parentheses;
// len(css) if there is none.
func scan(css string, i int, marks string) int {
	depth := 0
	for ; i < len(css); i++ {
		switch c := css[i]; {
		case c == '\\':
			i++
		case c == '"' || c == '\'':
			for i++; i < len(css) && css[i] != c; i++ {
				if css[i] == '\\' {
					i++
				}
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.IndexByte(marks, c) >= 0:
			return i
		}
	}
	return len(css)
}

var class = regexp.MustCompile(`\.(-?[A-Za-z_](?:[\w-]|\\.)*)`)

// keptSelectors returns the selectors of a list whose classes are all used.
func keptSelectors(list string, words map[string]bool) string {
	var kept []string
	for list != "" {
		end := scan(list, 0, ",")
		selector := strings.TrimSpace(list[:end])
		list = strings.TrimPrefix(list[end:], ",")
		if selector != "" && allUsed(selector, words) {
			kept = append(kept, selector)
		}
	}
	return strings.Join(kept, ",")
}

var bracketed = regexp.MustCompile(`\([^()]*\)`)

// allUsed checks the classes outside parentheses: those of :not() and :is() are not all required.
func allUsed(selector string, words map[string]bool) bool {
	for bracketed.MatchString(selector) {
		selector = bracketed.ReplaceAllString(selector, "")
	}
	for _, m := range class.FindAllStringSubmatch(selector, -1) {
		if !words[strings.ReplaceAll(m[1], `\`, "")] {
			return false
		}
	}
	return true
}

var (
	readProperty = regexp.MustCompile(`var\(\s*(--[\w-]+)`)
	setProperty  = regexp.MustCompile(`(--[\w-]+)\s*:[^;{}]*;`)
)

// dropUnreadProperties removes assignments to the kit's own custom properties that no rule reads,
// repeatedly until none is left.
func dropUnreadProperties(css, ourSheets string) string {
	for {
		read := map[string]bool{}
		for _, m := range readProperty.FindAllStringSubmatch(css+ourSheets, -1) {
			read[m[1]] = true
		}
		shorter := setProperty.ReplaceAllStringFunc(css, func(match string) string {
			if read[setProperty.FindStringSubmatch(match)[1]] {
				return match
			}
			return ""
		})
		if len(shorter) == len(css) {
			return css
		}
		css = shorter
	}
}
