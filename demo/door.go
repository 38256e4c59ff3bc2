package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	doors "tongxing/gate/simulator"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

const maxPicture = 2 << 20 // bytes of a picture from the door's camera

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

// call shows the text to the reader's device, which asks the product over HTTP.
func (t *Tour) call(ctx context.Context, r core.Reader, text string) (held, error) {
	device, secret, err := t.device(ctx, r)
	if err != nil {
		return held{}, err
	}
	answer, err := device.Show(ctx, text)
	if err != nil {
		return held{}, err
	}
	result := held{
		Opened: answer.Opened, Request: strings.ReplaceAll(answer.Request, secret, "••••••"), Response: answer.Text,
		Took: fmt.Sprintf("%.1f 毫秒", float64(answer.Took.Microseconds())/1000),
	}
	if answer.Text == "" {
		result.Response, result.Took = "没有回答", "" // the door stays shut
	}
	return result, nil
}

// device returns a reader's device as its installer sets it up, and the secret in its address.
func (t *Tour) device(ctx context.Context, r core.Reader) (doors.Device, string, error) {
	secret, err := t.secret(ctx, r.ID)
	if err != nil {
		return doors.Device{}, "", err
	}
	return doors.Device{
		Family: r.Protocol, Address: t.o.PublicURL + "/door/" + r.Protocol + "/" + secret, Serial: r.Serial,
		Out: r.Direction == core.Out, Heartbeat: r.HeartbeatText, Client: t.doors,
	}, secret, nil
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
		if !r.Disabled.IsZero() {
			continue
		}
		device, _, err := t.device(ctx, r)
		if err != nil {
			return err
		}
		if _, _, err := device.Beat(ctx); err != nil {
			return err
		}
	}
	return nil
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
