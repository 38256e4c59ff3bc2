package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAStartIsAliveAndNotReady(t *testing.T) {
	s := &starting{}
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/": http.StatusServiceUnavailable,
		"/door/vguang/secret": http.StatusServiceUnavailable, "/console": http.StatusServiceUnavailable,
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want || strings.Contains(w.Body.String(), "code=0000") {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	s.become(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil)); w.Code != http.StatusTeapot {
		t.Errorf("the program does not answer: %d", w.Code)
	}
}
