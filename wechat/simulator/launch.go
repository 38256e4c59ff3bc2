package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// verifyPhone does what a mini-program does when its user shares the phone number: it signs in at
// its server with a login code, and submits the phone code with the person's name.
func (s *Simulator) verifyPhone(ctx context.Context, a App, person string) error {
	ctx, cancel := context.WithTimeout(ctx, s.opt.PushTimeout)
	defer cancel()
	var session struct {
		Token string `json:"token"`
	}
	if err := s.callAPI(ctx, apiCall{url: a.APIURL + "/session", code: s.MintLoginCode(person, a.AppID)}, &session); err != nil {
		return err
	}
	return s.callAPI(ctx, apiCall{
		url: a.APIURL + "/phone", code: s.MintPhoneCode(person, a.AppID), token: session.Token, name: s.nameOf(person),
	}, nil)
}

// apiCall posts a code of WeChat to a mini-program's server.
type apiCall struct{ url, code, token, name string }

func (s *Simulator) callAPI(ctx context.Context, c apiCall, answer any) error {
	form := map[string]string{"code": c.code}
	if c.name != "" {
		form["name"] = c.name
	}
	body, err := json.Marshal(form)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := s.client().Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case res.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("HTTP %d: %s", res.StatusCode, text)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}
