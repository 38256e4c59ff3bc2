package main

import (
	"strings"
	"testing"
)

func TestPurge(t *testing.T) {
	words := map[string]bool{"card": true, "btn": true, "w-1/2": true}
	for _, c := range []struct{ name, css, want string }{
		{"kept", `.card{a:b}`, `.card{a:b}`},
		{"dropped", `.chart{a:b}`, ``},
		{"one of a list", `.chart,.card > a{a:b}`, `.card > a{a:b}`},
		{"all classes needed", `.card .chart{a:b}`, ``},
		{"elements stay", `a:hover,[data-x="{"]{a:b}`, `a:hover,[data-x="{"]{a:b}`},
		{"classes in brackets are not needed", `.btn:not(.chart):is(.x,.y){a:b}`, `.btn:not(.chart):is(.x,.y){a:b}`},
		{"escaped", `.w-1\/2{a:b}`, `.w-1\/2{a:b}`},
		{"media", `@media (min-width:1px){.chart{a:b}.card{c:d}}`, `@media (min-width:1px){.card{c:d}}`},
		{"empty media", `@media print{.chart{a:b}}`, ``},
		{"keyframes", `@keyframes x{from{a:b}to{c:d}}`, `@keyframes x{from{a:b}to{c:d}}`},
		{"statement", `@charset "UTF-8";.card{a:b}`, `@charset "UTF-8";.card{a:b}`},
		{"comments and strings", `/* .card{ */.card{content:"}"}`, `.card{content:"}"}`},
		{"addresses", `.card{a:url(x;y{z})}`, `.card{a:url(x;y{z})}`},
		{"property unread", `:root{--a:1;--b:2;}.card{c:var(--b);}`, `:root{--b:2;}.card{c:var(--b);}`},
		{"property read by a dropped one", `:root{--a:1;--b:var(--a);}.card{c:d}`, `.card{c:d}`},
		{"property read by ours", `:root{--ours:1;}`, `:root{--ours:1;}`},
	} {
		got := strings.ReplaceAll(purge(c.css, words, "a{b:var(--ours)}"), "\n", "")
		got = strings.ReplaceAll(got, ":root{}", "")
		if got != c.want {
			t.Errorf("%s: %s became %q, want %q", c.name, c.css, got, c.want)
		}
	}
}

func TestUnpackImages(t *testing.T) {
	folder := t.TempDir()
	got, err := unpackImages(`a{b:url("data:image/svg+xml,%3csvg xmlns='x'%3e%3c/svg%3e")}`, folder)
	if err != nil || strings.Contains(got, "data:") || !strings.Contains(got, `url("./kit`) {
		t.Errorf("%s, %v", got, err)
	}
	for _, css := range []string{`a{b:url(data:image/png;base64,AAAA)}`, `a{b:url("data:image/svg+xml,nothing")}`} {
		if got, err := unpackImages(css, folder); err == nil {
			t.Errorf("%s passed as %s", css, got)
		}
	}
}
