// Package open is the API of other systems, /api/open/v1: software for fees, devices, platforms. docs/openapi-open.md tells
// their makers how to call it.
//
// Each call is signed by a secret that an operator has made for the client in the console. What is wrong with a
// signature is never said. The calls use the same acts of the store as the console: this package has no rules of its own.
package open

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

// Prefix starts the path of every call.
const Prefix = "/api/open/v1"

// The headers of a call.
const (
	HeaderClient    = "X-TX-Client"
	HeaderTime      = "X-TX-Time"
	HeaderNonce     = "X-TX-Nonce"
	HeaderSignature = "X-TX-Signature"
)

// bodyBytes bounds the body of a call.
const bodyBytes = 1 << 20

// missesAMinute is how many calls with a wrong signature an address may send.
const missesAMinute = 60

// API handles the calls.
type API struct {
	store  *store.Store
	misses *web.Misses

	mu    sync.Mutex
	rates map[core.ID]*clientRate
}

// clientRate limits one client on this server.
type clientRate struct {
	perSecond int
	limit     *rate.Limiter
}

// New returns the API.
func New(s *store.Store) *API {
	return &API{store: s, misses: web.NewMisses(missesAMinute), rates: map[core.ID]*clientRate{}}
}

// Routes returns a route for each call of core.OpenCalls.
func (a *API) Routes() []web.Route {
	handlers := map[core.OpenCall]handler{
		core.CallCommunityList: a.communityList, core.CallHouseArrears: a.houseArrears,
	}
	var routes []web.Route
	for _, t := range core.OpenCalls {
		routes = append(routes, web.Route{
			Method: t.Method, Path: Prefix + t.Path, Access: web.Client, Body: bodyBytes, OnError: fail,
			Handler: a.serve(t.Call, handlers[t.Call]),
		})
	}
	return routes
}

// call is one call whose caller is known.
type call struct {
	*web.Context
	client core.OpenClient
	body   []byte
}

// by returns the client for the audit log.
func (c call) by() core.Actor {
	by := c.Actor()
	by.Kind, by.ID, by.Name = core.ActorClient, c.client.ID, c.client.Name
	return by
}

// bind reads the body into a form, whose fields are text.
func (c call) bind(form any) error {
	err := json.Unmarshal(c.body, form)
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other) && other.Field != "":
		return core.InvalidFields(map[string]string{other.Field: other.Field + " 请写成文本，加双引号"})
	case errors.As(err, &other):
		return core.Invalid("请求应为 JSON 对象")
	case err != nil:
		return core.Invalid("请求不是有效的 JSON")
	}
	return nil
}

// handler handles one call and returns the answer's data.
type handler func(c call) (data any, err error)

// serve checks who calls, and answers in the envelope.
func (a *API) serve(of core.OpenCall, do handler) web.Handler {
	return func(c *web.Context) error {
		made, err := a.admit(c)
		if err != nil {
			return err
		}
		if !made.client.May(of) {
			return core.Forbidden("没有开通这个接口，请联系管理员")
		}
		data, err := do(made)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, envelope{Code: "ok", Data: data, RequestID: c.RequestID()})
	}
}

// errSignature is returned whatever is wrong with a signature: a guesser learns nothing.
var errSignature = core.Unauthenticated("签名无效")

// admit returns the call if its signature is right, its time is now, and its nonce is new.
func (a *API) admit(c *web.Context) (call, error) {
	if a.misses.Spent(c) {
		return call{}, web.TooMany(time.Minute)
	}
	body, err := c.Body()
	if err != nil {
		return call{}, err
	}
	made := call{Context: c, body: body}
	r, signature, ok := signedRequest(c, body)
	if !ok {
		return made, a.miss(c)
	}
	made.client, err = a.store.OpenCaller(c.Ctx(), c.Request().Header.Get(HeaderClient))
	if err != nil && !core.IsNotFound(err) {
		return made, err
	}
	by := secretOf(made.client, r, signature)
	if off := c.Now().Sub(time.Unix(r.Time, 0)); by == 0 || off.Abs() > core.OpenClock {
		return made, a.miss(c)
	}
	if err := a.limit(made.client, c.Now()); err != nil {
		return made, err
	}
	err = a.store.CountOpenUse(c.Ctx(), store.OpenUse{Client: made.client.ID, Secret: by, Nonce: r.Nonce})
	if core.IsConflict(err) {
		return made, a.miss(c)
	}
	return made, err
}

// signedRequest reads what a call says of itself; ok is false if that cannot be right.
func signedRequest(c *web.Context, body []byte) (r Request, signature string, ok bool) {
	head := c.Request().Header
	r = requestOf(c.Request().Method, c.Request().URL, body)
	at, err := strconv.ParseInt(head.Get(HeaderTime), 10, 64)
	r.Time, r.Nonce = at, head.Get(HeaderNonce)
	for _, name := range []string{HeaderClient, HeaderTime, HeaderNonce, HeaderSignature} {
		if len(head.Values(name)) != 1 {
			return r, "", false
		}
	}
	return r, head.Get(HeaderSignature), err == nil && core.IsOpenNonce(r.Nonce) && len(head.Get(HeaderClient)) <= 32
}

// secretOf returns which secret of a client has signed a call; 0 = none. An unknown client takes as long as a known one.
func secretOf(client core.OpenClient, r Request, signature string) (by core.ID) {
	if len(client.Secrets) == 0 {
		Signed("unknown", r, signature)
	}
	for _, secret := range client.Secrets {
		if secret.Text != "" && Signed(secret.Text, r, signature) {
			by = secret.ID
		}
	}
	return by
}

func (a *API) miss(c *web.Context) error {
	a.misses.Add(c)
	return errSignature
}

// limit counts one call of a client.
func (a *API) limit(client core.OpenClient, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.rates[client.ID]
	if of == nil || of.perSecond != client.Rate {
		of = &clientRate{client.Rate, rate.NewLimiter(rate.Limit(client.Rate), core.OpenBurst*client.Rate)}
		a.rates[client.ID] = of
	}
	reserved := of.limit.ReserveN(now, 1)
	if wait := reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
		return web.TooMany(wait)
	}
	return nil
}

// envelope is every answer.
type envelope struct {
	Code      core.Code         `json:"code"`
	Message   string            `json:"message"`
	Data      any               `json:"data"`
	Fields    map[string]string `json:"fields,omitempty"`
	RequestID string            `json:"request_id"`
}

// fail answers a call that failed, in the envelope.
func fail(c *web.Context, err error) error {
	body := web.ErrorBodyOf(c, err)
	var coded *core.Error
	if errors.As(err, &coded) && coded.Code == core.CodeInvalid && len(body.Fields) == 1 {
		for _, words := range body.Fields {
			body.Message = words // one sentence says it
		}
	}
	return c.JSON(web.StatusOf(err), envelope{
		Code: body.Code, Message: body.Message, Fields: body.Fields, RequestID: body.RequestID,
	})
}
