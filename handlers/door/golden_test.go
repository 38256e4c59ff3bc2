package door

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Recorded exchanges, byte by byte, each file on an estate of its own.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for i, pair := range readGolden(t, s, file) {
				response, body := s.send(t, pair.request)
				if got := dump(response, body); got != pair.answer {
					t.Errorf("exchange %d: got\n%s\nwant\n%s", i+1, got, pair.answer)
				}
			}
		})
	}
}

type exchange struct{ request, answer string }

func readGolden(t *testing.T, s *site, file string) (pairs []exchange) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer(
		"{token}", s.token(t), "{now}", fmt.Sprint(s.now.Unix()),
		"{vguang.secret}", s.vguang.Secret, "{vguang.device}", s.vguang.Serial,
		"{vguang2.secret}", s.second.Secret, "{vguang2.device}", s.second.Serial,
		"{mcardsea.secret}", s.mcard.Secret, "{mcardsea.device}", s.mcard.Serial,
	).Replace(string(text))
	for _, part := range strings.Split(filled, ">>>\n")[1:] {
		request, answer, ok := strings.Cut(part, "\n<<<\n")
		if !ok {
			t.Fatalf("%s: no answer to\n%s", file, request)
		}
		head, body, _ := strings.Cut(request, "\n\n")
		head = strings.ReplaceAll(strings.ReplaceAll(head, "{length}", fmt.Sprint(len(body))), "\n", "\r\n")
		answer = strings.TrimSuffix(answer, "\n")
		_, want, _ := strings.Cut(answer, "\n\n")
		pairs = append(pairs, exchange{head + "\r\n\r\n" + body, strings.ReplaceAll(answer, "{length}", fmt.Sprint(len(want)))})
	}
	return pairs
}

// dump returns a response with its headers sorted and without Date.
func dump(r *http.Response, body string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n", r.Proto, r.Status)
	h := r.Header.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	if r.Close {
		h.Set("Connection", "close")
	}
	_ = h.Write(&b)
	return strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n" + body
}
