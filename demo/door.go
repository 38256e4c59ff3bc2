package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

const (
	maxPicture    = 2 << 20         // bytes of a picture from the door's camera
	readerTimeout = 2 * time.Second // real readers give up then
)

// held is what a door shows after a phone was held to it.
type held struct {
	Opened   bool   `json:"opened"`
	Words    string `json:"words"` // the reason, from the record of the door's call
	Request  string `json:"request"`
	Response string `json:"response"`
	Took     string `json:"took"`
}

// hold acts as a reader: its camera sees a picture, it decodes the code in it, asks the product in
// its own protocol, and obeys the answer.
func (t *Tour) hold(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	reader, err := t.o.Store.Reader(c.Ctx(), core.ScopeOf(t.o.Cast.Community), id)
	if err != nil {
		return err
	}
	picture, err := c.Body()
	if err != nil {
		return err
	}
	text, err := readCode(picture)
	if err != nil {
		return err
	}
	result, err := t.call(c.Ctx(), reader, text)
	if err != nil {
		return err
	}
	if result.Words, err = t.reason(c.Ctx(), reader.ID); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, result)
}

// readCode decodes the QR code in a picture.
func readCode(picture []byte) (string, error) {
	text, err := simulator.ReadQR(picture)
	if err != nil {
		return "", core.Invalid("读头没有看到二维码：请先在手机上打开通行证")
	}
	return text, nil
}

// call sends the text to the product in the reader's protocol, over HTTP as a device does.
func (t *Tour) call(ctx context.Context, r core.Reader, text string) (held, error) {
	secret, err := t.secret(ctx, r.ID)
	if err != nil {
		return held{}, err
	}
	p, ok := gate.ProtocolOf(r.Protocol)
	if !ok {
		return held{}, core.Invalid("没有这种协议的读头")
	}
	request, line, err := wireRequest(ctx, p, r, t.o.PublicURL+"/door/"+r.Protocol+"/"+secret, text)
	if err != nil {
		return held{}, err
	}
	shown := strings.ReplaceAll(line, secret, "••••••")
	began := time.Now()
	response, err := t.doors.Do(request)
	if err != nil {
		return held{Request: shown, Response: "没有回答"}, nil // the door stays shut
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return held{Request: shown, Response: "没有回答"}, nil
	}
	return held{
		Opened: p.Opens(body), Request: shown, Response: string(body),
		Took: fmt.Sprintf("%.1f 毫秒", float64(time.Since(began).Microseconds())/1000),
	}, nil
}

func (t *Tour) secret(ctx context.Context, reader core.ID) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if secret := t.secrets[reader]; secret != "" {
		return secret, nil
	}
	secret, err := t.o.Store.RevealReaderSecret(ctx, core.System, core.Everywhere, reader)
	if err == nil {
		t.secrets[reader] = secret
	}
	return secret, err
}

// Beat sends the heartbeat of every door whose protocol has one, so that the
// console shows them online.
func (t *Tour) Beat(ctx context.Context) error {
	readers, _, err := t.o.Store.Readers(ctx, core.Everywhere, store.ReaderFilter{Page: store.Page{Limit: 100}})
	if err != nil {
		return err
	}
	for _, r := range readers {
		if p, _ := core.ReaderProtocolOf(r.Protocol); p.OwnHeartbeat && r.Disabled.IsZero() {
			if _, err := t.call(ctx, r, r.HeartbeatText); err != nil {
				return err
			}
		}
	}
	return nil
}

// wireRequest returns the request that a device of the reader's protocol sends, and a short form of
// it for display.
func wireRequest(ctx context.Context, p gate.Protocol, r core.Reader, address, text string) (*http.Request, string, error) {
	method, query, body := p.Request(r, text, time.Now())
	if query != "" {
		address += "?" + query
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	line := request.Method + " " + request.URL.RequestURI()
	if body != "" {
		line += "\n\n" + body
	}
	return request, line, nil
}

// reason returns the text of the door's newest record.
func (t *Tour) reason(ctx context.Context, reader core.ID) (string, error) {
	records, _, err := t.o.Store.AccessRecords(
		ctx, core.ScopeOf(t.o.Cast.Community), core.RecordFilter{Reader: reader}, store.Page{Limit: 1},
	)
	if err != nil || len(records) == 0 {
		return "", err
	}
	if records[0].Allowed {
		return records[0].Name + "，请通行", nil
	}
	return records[0].Reason.Sentence(), nil
}
