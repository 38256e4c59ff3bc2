package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

const (
	pictureMost   = 2 << 20         // bytes of what the door's camera sees
	readerTimeout = 2 * time.Second // when real readers give up
)

// held is what a door shows after somebody held a phone to it.
type held struct {
	Opened   bool   `json:"opened"`
	Words    string `json:"words"` // why, from the record that the door's call left
	Request  string `json:"request"`
	Response string `json:"response"`
	Took     string `json:"took"`
}

// hold is a reader: its camera sees a picture, it decodes the code in it, asks
// the product in its own protocol, and obeys the answer.
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

// readCode finds the QR code in a picture.
func readCode(picture []byte) (string, error) {
	text, err := simulator.ReadQR(picture)
	if err != nil {
		return "", core.Invalid("读头没有看到二维码：请先在手机上打开通行证")
	}
	return text, nil
}

// call speaks the reader's protocol to the product, over HTTP as a device does.
func (t *Tour) call(ctx context.Context, r core.Reader, text string) (held, error) {
	secret, err := t.secret(ctx, r.ID)
	if err != nil {
		return held{}, err
	}
	request, err := wireRequest(ctx, r, t.o.PublicURL+"/door/"+r.Protocol+"/"+secret, text)
	if err != nil {
		return held{}, err
	}
	shown := strings.ReplaceAll(describe(request, r, text), secret, "••••••")
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
		Opened: opens(r.Protocol, body), Request: shown, Response: string(body),
		Took: fmt.Sprintf("%.1f 毫秒", float64(time.Since(began).Microseconds())/1000),
	}, nil
}

func (t *Tour) secret(ctx context.Context, reader core.ID) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if secret := t.secrets[reader]; secret != "" {
		return secret, nil
	}
	secret, err := t.o.Store.ReaderSecret(ctx, core.System, core.Everywhere, reader)
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
		if r.Protocol == core.ProtocolVguang && r.Disabled.IsZero() {
			if _, err := t.call(ctx, r, r.HeartbeatText); err != nil {
				return err
			}
		}
	}
	return nil
}

func wireRequest(ctx context.Context, r core.Reader, address, text string) (*http.Request, error) {
	if r.Protocol == core.ProtocolVguang {
		body := "vgdecoderesult=" + text + "&&devicenumber=" + r.Serial + "&&otherparams="
		return http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	}
	way := "11"
	if r.Direction == core.Out {
		way = "10"
	}
	query := "cardid=" + url.QueryEscape(text) + "&mjihao=1&cjihao=" + r.Serial + "&status=" + way + "&time=" +
		fmt.Sprint(time.Now().Unix())
	return http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query, nil)
}

// describe is the request as it goes over the wire, in short.
func describe(request *http.Request, r core.Reader, text string) string {
	line := request.Method + " " + request.URL.RequestURI()
	if r.Protocol == core.ProtocolVguang {
		line += "\n\nvgdecoderesult=" + text + "&&devicenumber=" + r.Serial + "&&otherparams="
	}
	return line
}

// opens is what the reader's firmware makes of an answer.
func opens(protocol string, body []byte) bool {
	if protocol == core.ProtocolVguang {
		return string(body) == "code=0000" || strings.HasPrefix(string(body), "code=0000&&")
	}
	var answer struct {
		Data []struct {
			Status int `json:"status"`
		} `json:"data"`
	}
	return json.Unmarshal(body, &answer) == nil && len(answer.Data) == 1 && answer.Data[0].Status == 1
}

// reason says in words what the door's newest record says.
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
