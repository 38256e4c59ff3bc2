package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// FileFault is why a verification file is not answered at its address as the platform wants it.
type FileFault struct {
	Status int    // of the answer; 0 = there was none
	To     string // where the answer redirects to; "" = it does not
	Err    error  // why there was none
}

// Error returns the fault for the log.
func (f *FileFault) Error() string {
	return fmt.Sprintf("wechat: a verification file: status %d, moved to %q: %v", f.Status, f.To, f.Err)
}

// Unwrap returns why there was no answer.
func (f *FileFault) Unwrap() error { return f.Err }

// ErrOtherFile is the fault's reason if the address answers something else than the file's content.
var ErrOtherFile = errors.New("the answer is not the file's content")

// fileTime is how long VerifyFile waits: the platform waits no longer either.
const fileTime = 5 * time.Second

// maxFileAnswer bounds what is read of an answer, in bytes: a file has one short line.
const maxFileAnswer = 1 << 10

// VerifyFile reads a verification file at its public address as the platform will: an answer with exactly its content, without a
// redirect. The error is a *FileFault. The address is the deployment's own, from its configuration.
func (c *Client) VerifyFile(ctx context.Context, address, content string) error {
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &FileFault{Err: err}
	}
	h := *c.http
	if own, ok := h.Transport.(staying); ok {
		h.Transport = own.next // a redirect is told, not only refused
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := h.Do(r)
	if err != nil {
		return &FileFault{Err: err}
	}
	defer func() { _ = response.Body.Close() }() // it is read
	fault := &FileFault{Status: response.StatusCode}
	if response.StatusCode/100 == 3 {
		fault.To = response.Header.Get("Location")
		return fault
	}
	if response.StatusCode != http.StatusOK {
		return fault
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFileAnswer))
	switch {
	case err != nil:
		fault.Err = err
		return fault
	case strings.TrimSpace(string(body)) != content:
		fault.Err = ErrOtherFile
		return fault
	}
	return nil
}
