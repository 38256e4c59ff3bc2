package wechat

import (
	"context"

	"github.com/silenceper/wechat/v2/miniprogram/security"
)

// Suggestion is what the platform thinks of a content.
type Suggestion string

// The suggestions. Anything else is to be treated as SuggestReview.
const (
	SuggestPass   Suggestion = "pass"
	SuggestReview Suggestion = "review"
	SuggestRisky  Suggestion = "risky"
)

// CheckScene is where a content is to appear.
type CheckScene uint8

// The scenes of a content.
const (
	SceneProfile CheckScene = 1 + iota
	SceneComment
	SceneForum
	SceneSocial
)

// maxChecked is the greatest length of a text that is checked, in characters.
const maxChecked = 2500

// TextCheck is a text that somebody wrote in the mini-program.
type TextCheck struct {
	OpenID string // its author's, active in the mini-program within two hours
	Scene  CheckScene
	Text   string // at most 2,500 characters
}

// Finding is what the platform thinks of a content.
type Finding struct {
	Suggest Suggestion
	Label   int // 100 = normal; 10001 advertisement, 20001 politics, 20002 pornography, …
	TraceID string
}

// CheckText checks a text. Codes: 61010 the author was not in the mini-program within two hours;
// 40003 the open id is not of this mini-program; 87014 the text is forbidden outright.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/msgSecCheck.html
func (m *MiniProgram) CheckText(ctx context.Context, c TextCheck) (Finding, error) {
	const api = "/wxa/msg_sec_check"
	switch {
	case c.OpenID == "":
		return Finding{}, invalid(api, "the author is not said")
	case c.Scene < SceneProfile || c.Scene > SceneSocial:
		return Finding{}, invalid(api, "the scene is 1 to 4")
	case c.Text == "" || length(c.Text) > maxChecked:
		return Finding{}, invalid(api, "a text has 1 to 2500 characters")
	}
	var answer security.MsgCheckResponse
	err := m.app.do(ctx, func(t *trip) (err error) {
		answer, err = security.NewSecurity(m.sdk(t)).MsgCheckContext(t.ctx, &security.MsgCheckRequest{
			OpenID: c.OpenID, Scene: security.MsgScene(c.Scene), Content: c.Text,
		})
		return err
	})
	if err != nil {
		return Finding{}, err
	}
	suggest, err := needed(api, string(answer.Result.Suggest), nil)
	return Finding{Suggest: Suggestion(suggest), Label: int(answer.Result.Label), TraceID: answer.TraceID}, err
}

// MediaKind is a kind of media to be checked.
type MediaKind uint8

// The kinds of media.
const (
	MediaSound   MediaKind = 1
	MediaPicture MediaKind = 2
)

// MediaCheck is a picture or a sound that somebody sent in the mini-program.
type MediaCheck struct {
	OpenID string // its author's, active in the mini-program within two hours
	Scene  CheckScene
	Kind   MediaKind
	URL    string // where the platform fetches it
}

// CheckMedia asks for a check of a picture or a sound, and returns its trace id. The finding comes
// within half an hour, as the event wxa_media_check with the same trace id (Event.Check). Codes as
// for CheckText.
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/mediaCheckAsync.html
func (m *MiniProgram) CheckMedia(ctx context.Context, c MediaCheck) (string, error) {
	const api = "/wxa/media_check_async"
	switch {
	case c.OpenID == "":
		return "", invalid(api, "the author is not said")
	case c.Scene < SceneProfile || c.Scene > SceneSocial:
		return "", invalid(api, "the scene is 1 to 4")
	case c.Kind != MediaSound && c.Kind != MediaPicture:
		return "", invalid(api, "the kind is 1 or 2")
	case !isWebURL(c.URL):
		return "", invalid(api, "the address is not one of the web")
	}
	var trace string
	err := m.app.do(ctx, func(t *trip) (err error) {
		trace, err = security.NewSecurity(m.sdk(t)).MediaCheckAsyncContext(t.ctx, &security.MediaCheckAsyncRequest{
			MediaURL: c.URL, MediaType: uint8(c.Kind), OpenID: c.OpenID, Scene: uint8(c.Scene),
		})
		return err
	}, c.URL)
	return needed(api, trace, err)
}

// MediaFinding is a Finding about a picture or a sound, from an event.
type MediaFinding struct {
	Finding
	Code int // not 0 = it could not be checked, such as fetched
}

// finding is a Finding as the platform writes it in an event.
type finding struct {
	Suggest Suggestion `xml:"suggest" json:"suggest"`
	Label   loose      `xml:"label" json:"label"`
}

func (f finding) of(trace string, code loose) *MediaFinding {
	return &MediaFinding{Finding: Finding{Suggest: f.Suggest, Label: f.Label.number(), TraceID: trace}, Code: code.number()}
}
