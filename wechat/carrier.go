package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/silenceper/wechat/v2/util"
)

// The SDK sends everything through one HTTP client of the process, and asks an injected handle for
// the access token. Both are ours: the handle returns the name of a trip instead of a token, by which
// the carrier finds whose call it is. So every call of the SDK has the context, the limits, the token
// store, the breaker and the typed errors of its own Client, whether the SDK's function knows of such
// things or not; and nothing that the SDK formats contains a token.

func init() { util.DefaultHTTPClient = &http.Client{Transport: carrier{}} }

// trip is one use of the SDK by one account. It is a credential.AccessTokenContextHandle.
type trip struct {
	ctx  context.Context //nolint:containedctx // most functions of the SDK take none
	app  app
	id   string
	hide []string // secrets that an errmsg may repeat

	mu   sync.Mutex
	api  string // path of the latest request
	body []byte // latest answer, for the fields that the SDK leaves out
	err  error  // the first that went wrong
}

// GetAccessToken returns the trip's name, which the carrier replaces by the account's token.
func (t *trip) GetAccessToken() (string, error) { return t.id, nil }

// GetAccessTokenContext is GetAccessToken.
func (t *trip) GetAccessTokenContext(context.Context) (string, error) { return t.id, nil }

// trips are the trips under way, by name.
var trips sync.Map

type tripKey struct{}

// do runs a use of the SDK. Its error is the platform's *Error, a network error, or what says that the
// answer was not what it should be; the SDK's own text, which holds addresses, is dropped. hide are
// secrets of the call, to be kept out of errors.
func (a app) do(ctx context.Context, use func(t *trip) error, hide ...string) error {
	t := &trip{app: a, id: "trip-" + rand.Text(), hide: append(slices.Clone(hide), a.secret)}
	t.ctx = context.WithValue(ctx, tripKey{}, t)
	trips.Store(t.id, t)
	defer trips.Delete(t.id)
	err := use(t)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &errLocal{t.api, errors.New("the answer is not what it should be")}
}

// answer returns the body of the latest response; nil if none came.
func (t *trip) answer() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.body
}

func (t *trip) note(api string, body []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.api, t.body = api, body
	if t.err == nil {
		t.err = err
	}
}

var errNoTrip = errors.New("wechat: a request of the SDK outside of any account's call")

// carrier is the SDK's transport.
type carrier struct{}

// RoundTrip sends a request of the SDK as its trip's account would: a request with the trip's name for
// a token gets the real one.
func (carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	named, withToken := trips.Load(query.Get("access_token"))
	t, ok := named.(*trip)
	if !withToken {
		t, ok = r.Context().Value(tripKey{}).(*trip)
	}
	if !ok {
		return nil, errNoTrip
	}
	call, err := readRequest(r, query)
	if err != nil {
		return nil, err
	}
	call.hide = t.hide
	var body []byte
	var kind string
	if withToken {
		query.Del("access_token")
		body, kind, err = t.app.call(t.ctx, call)
	} else {
		body, kind, err = t.app.client.send(t.ctx, call)
	}
	t.note(call.path, body, err)
	if err != nil && CodeOf(err) == 0 || body == nil {
		return nil, err
	}
	// An errcode is for the SDK to read: it decides what it returns beside the error.
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r,
	}, nil
}

// readRequest returns what the SDK wants sent.
func readRequest(r *http.Request, query url.Values) (request, error) {
	call := request{
		method: r.Method, host: r.URL.Scheme + "://" + r.URL.Host, path: r.URL.Path, query: query, kind: r.Header.Get("Content-Type"),
	}
	if r.Body == nil {
		return call, nil
	}
	defer r.Body.Close()
	var err error
	call.body, err = io.ReadAll(r.Body)
	return call, err
}
