package sms_test

import (
	"io"
	"net/http"
	"strings"
)

// taking is a transport that keeps what passes.
type taking struct {
	request **http.Request
	body    *[]byte
}

func (t taking) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	*t.request, *t.body = r.Clone(r.Context()), text
	r.Body = readCloser(string(text))
	return http.DefaultTransport.RoundTrip(r)
}

func readCloser(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
