package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/testkit/desk"
)

const (
	besideConns = 4                // doors scanned at continuously
	uploaders   = 6                // send a hostile workbook again and again
	exporters   = 3                // export all records again and again
	maxBeside   = 1.5              // the doors' p99 with them, relative to without
	besideSlow  = 20 * time.Second // maximum time of one upload or export
)

// beside measures how long doors wait while others keep the server as busy as they can.
func (b *bench) beside() error {
	ctx := context.Background()
	p, err := b.newPlace("beside", false)
	if err != nil {
		return err
	}
	s := &site{}
	if s.world, err = newWorld(ctx, p); err != nil {
		return err
	}
	office, err := newOffice(ctx, p)
	if err != nil {
		return err
	}
	if s.server, err = b.startServer(p); err != nil {
		return err
	}
	defer s.server.stop()
	office.base = "http://" + s.server.addr
	if err := s.besides(&contest{}, 0, nil); err != nil { // to warm up
		return err
	}
	book, err := hostileBook()
	if err != nil {
		return err
	}
	if err := office.draw(ctx, "/console/restriction/new?community="+s.world.Community.String()); err != nil {
		return err
	}
	busy := []struct {
		what string
		many int
		do   func(context.Context) error
	}{
		{"alone", 0, nil},
		{"six hostile workbooks", uploaders, func(ctx context.Context) error {
			return office.upload(ctx, s.world.Community, book)
		}},
		{"exports of all records", exporters, func(ctx context.Context) error {
			return office.get(ctx, "/console/accessrecord/export.xlsx")
		}},
	}
	contests := make([]contest, len(busy))
	for range b.rounds {
		for i, others := range busy {
			if err := s.besides(&contests[i], others.many, others.do); err != nil {
				return fmt.Errorf("%s: %w", others.what, err)
			}
		}
	}
	fmt.Printf("\nDoors beside heavy work, %d connections (p99 should be under %.1f of that alone)\n", besideConns, maxBeside)
	alone := median(contests[0].server)
	for i, others := range busy {
		r := median(contests[i].server)
		fmt.Printf("%-26s %8.0f/s %10s %10s   %.2f\n", others.what, r.rate, short(r.p50), short(r.p99), float64(r.p99)/float64(alone.p99))
	}
	return nil
}

// besides scans at the doors while many others run do repeatedly.
func (s *site) besides(c *contest, many int, do func(context.Context) error) error {
	texts, _, err := s.issue(people / 2)
	if err != nil {
		return err
	}
	c.conns = besideConns
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	errs := make(chan error, many)
	for range many {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := do(ctx); err != nil && ctx.Err() == nil {
					errs <- err
					return
				}
			}
		})
	}
	err = s.scanServer(c, texts)
	stop()
	all.Wait()
	select {
	case other := <-errs:
		return other
	default:
		return err
	}
}

// office is a clerk of the property office.
type office struct {
	base, token string
	form        string // its CSRF token
	client      http.Client
}

func newOffice(ctx context.Context, p *place) (*office, error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	token, err := officeToken(ctx, s)
	return &office{token: token, client: http.Client{Timeout: besideSlow}}, err
}

// send sends a request. A reply that the server is busy counts as any other.
func (o *office) send(r *http.Request, statuses ...int) (string, error) {
	r.AddCookie(&http.Cookie{Name: "tx_console", Value: o.token})
	response, err := o.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode == http.StatusTooManyRequests {
		select { // as long as users are asked to wait: a flood of refusals would be another measurement
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
		return "", err
	}
	if slices.Contains(statuses, response.StatusCode) {
		return string(body), err
	}
	return "", fmt.Errorf("%s answered %d: %.200s", r.URL.Path, response.StatusCode, body)
}

func (o *office) get(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+path, http.NoBody)
	if err != nil {
		return err
	}
	_, err = o.send(r, http.StatusOK)
	return err
}

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// draw fetches a page for its form's token.
func (o *office) draw(ctx context.Context, page string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+page, http.NoBody)
	if err != nil {
		return err
	}
	drawn, err := o.send(r, http.StatusOK)
	if err != nil {
		return err
	}
	token := formToken.FindStringSubmatch(drawn)
	if token == nil {
		return fmt.Errorf("%s has no form", page)
	}
	o.form = token[1]
	return nil
}

// upload submits a list file in the fetched form, as if the page had been rendered again.
func (o *office) upload(ctx context.Context, community core.ID, file []byte) error {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{"csrf": desk.Redrawn(o.form), "community": community.String(), "act": "paste"} {
		if err := w.WriteField(name, value); err != nil {
			return err
		}
	}
	part, err := w.CreateFormFile("file", "名单.xlsx")
	if err != nil {
		return err
	}
	_, _ = part.Write(file) // writes to memory
	w.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.base+"/console/restriction/preview", &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	_, err = o.send(r, http.StatusUnprocessableEntity)
	return err
}

// hostileBook returns a workbook of 23 KB that claims to contain 3,200,000 texts.
func hostileBook() ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"xl/workbook.xml": `<workbook><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row><c t="s"><v>3199999</v></c></row></sheetData></worksheet>`,
		"xl/sharedStrings.xml":     `<sst>` + strings.Repeat(`<si/>`, 3_200_000) + `</sst>`,
	} {
		part, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(part, content); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}
