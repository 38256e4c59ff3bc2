package door

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate"
)

// Recorded exchanges of each family, byte by byte, each file on an estate of its own.
func TestGolden(t *testing.T) {
	for _, p := range gate.Protocols() {
		if p.Connected {
			continue
		}
		files, err := filepath.Glob(filepath.Join("../../gate/testdata", p.Name, "wire", "*.txt"))
		if err != nil || len(files) < 5 {
			t.Fatalf("%s: %d files, %v", p.Name, len(files), err)
		}
		for _, file := range files {
			t.Run(p.Name+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				for i, pair := range readGolden(t, s, p.Name, file) {
					response, body := s.send(t, pair.request)
					if got := dump(response, body); got != pair.answer {
						t.Errorf("exchange %d: got\n%s\nwant\n%s", i+1, got, pair.answer)
					}
				}
			})
		}
	}
}

type exchange struct{ request, answer string }

func readGolden(t *testing.T, s *site, protocol, file string) (pairs []exchange) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, second, other := s.of(protocol), s.second, s.mcard
	if protocol != core.ProtocolVguang {
		second = s.AddDoor(core.Reader{Name: "4号门", Protocol: protocol, Direction: core.Out})
	}
	filled := strings.NewReplacer(
		"{token}", s.token(t), "{now}", fmt.Sprint(s.now.Unix()), "{clock}", s.now.In(s.Store.Zone()).Format(time.DateTime),
		"{secret}", first.Secret, "{device}", first.Serial, "{secret2}", second.Secret, "{device2}", second.Serial,
		"{mcardsea.secret}", other.Secret, "{mcardsea.device}", other.Serial, "{long}", strings.Repeat("x", 5000),
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
