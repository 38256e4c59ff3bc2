package wechat

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/work/message"
)

// CorpMessage is a message of an app to members. Exactly one of Text, Card and Notice is set.
type CorpMessage struct {
	To     []string // 1 to 1,000 user ids
	Text   string   // cut to 2,048 bytes
	Card   *TextCard
	Notice *NoticeCard
	// Once: the same message to the same people within this time is sent once; up to 4 hours, 0 = it is
	// sent again.
	Once time.Duration
}

// TextCard is a card of a few lines that opens a page.
type TextCard struct {
	Title  string // cut to 128 bytes
	Text   string // cut to 512 bytes
	URL    string
	Button string // 详情 if empty; cut to 4 characters
}

// NoticeCard is a card with labelled lines that opens a page.
type NoticeCard struct {
	ID     string // task_id: letters, digits, - _ @, at most 128; unique in the app
	Source string // who sends it; cut to 13 characters
	Title  string // cut to 26 characters
	Sub    string // below the title; cut to 30 characters
	Text   string // cut to 112 characters
	Lines  []NoticeLine
	URL    string
}

// NoticeLine is a line of a NoticeCard; there are at most 6.
type NoticeLine struct {
	Label string // cut to 5 characters
	Text  string // cut to 26 characters
}

// CorpSent is what became of a message.
type CorpSent struct {
	ID      string
	Invalid []string // user ids that it did not reach: unknown, or outside of the app's range; in lower case
	// Unlicensed are user ids that it did not reach since the company has no licence for them; in lower case.
	Unlicensed []string
}

// corpBody is a message as the platform takes it: the SDK's, and what it has no types for.
type corpBody struct {
	*message.SendRequestCommon
	Agent  int             `json:"agentid"` // a number, as documented; the SDK's text is hidden by it
	Text   *corpText       `json:"text,omitempty"`
	Card   *corpTextCard   `json:"textcard,omitempty"`
	Notice *corpNoticeCard `json:"template_card,omitempty"`
}

type corpText struct {
	Content string `json:"content"`
}

type corpTextCard struct {
	Title  string `json:"title"`
	Text   string `json:"description"`
	URL    string `json:"url"`
	Button string `json:"btntxt,omitempty"`
}

type corpNoticeCard struct {
	Kind   string         `json:"card_type"`
	Source *corpSource    `json:"source,omitempty"`
	Title  corpTitle      `json:"main_title"`
	Text   string         `json:"sub_title_text,omitempty"`
	Lines  []corpLine     `json:"horizontal_content_list,omitempty"`
	Action corpCardAction `json:"card_action"`
	ID     string         `json:"task_id,omitempty"`
}

type corpSource struct {
	Text string `json:"desc"`
}

type corpTitle struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"desc,omitempty"`
}

type corpLine struct {
	Label string `json:"keyname"`
	Text  string `json:"value"`
}

type corpCardAction struct {
	Kind int    `json:"type"`
	URL  string `json:"url"`
}

const (
	corpSendAPI  = "/cgi-bin/message/send"
	maxReceivers = 1000
	maxOnce      = 4 * time.Hour
	openURL      = 1 // the card's action
)

// Send sends a message. The platform drops, without an error, what exceeds 30 a minute or 1,000 an hour
// to one member. Codes: 81013 nobody could be reached, 301002 the agent id is another app's, 60011 a
// member is outside of the app's range, 45009 the account's quota is used up.
// https://developer.work.weixin.qq.com/document/path/90236
func (c *CorpApp) Send(ctx context.Context, m CorpMessage) (CorpSent, error) {
	body, err := c.body(m)
	if err != nil {
		return CorpSent{}, err
	}
	var answer *message.SendResponse
	err = c.app.do(ctx, func(t *trip) (err error) {
		answer, err = message.NewClient(c.sdk(t)).Send("MessageSend", body)
		return err
	})
	if err != nil {
		return CorpSent{}, err
	}
	id, err := needed(corpSendAPI, answer.MsgID, nil)
	sent := CorpSent{ID: id}
	sent.Invalid, sent.Unlicensed = userIDs(answer.InvalidUser), userIDs(answer.UnlicensedUser)
	return sent, err
}

// userIDs reads a list of user ids as the platform writes it.
func userIDs(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(strings.ToLower(list), "|")
}

// body returns the message as it is sent.
func (c *CorpApp) body(m CorpMessage) (corpBody, error) {
	common := &message.SendRequestCommon{ToUser: strings.Join(m.To, "|")}
	body := corpBody{SendRequestCommon: common, Agent: c.agent}
	switch {
	case c.agent == 0:
		return body, invalid(corpSendAPI, "the contact sync sends no messages")
	case len(m.To) < 1 || len(m.To) > maxReceivers:
		return body, invalid(corpSendAPI, "a message has 1 to 1000 receivers")
	case slices.ContainsFunc(m.To, func(id string) bool {
		return id == "" || strings.ContainsAny(id, "|") ||
			strings.HasPrefix(id, "@")
	}):
		return body, invalid(corpSendAPI, "a receiver is not a user id")
	case m.Once < 0 || m.Once > maxOnce:
		return body, invalid(corpSendAPI, "repeats are recognised for up to four hours")
	}
	if m.Once > 0 {
		common.EnableDuplicateCheck, common.DuplicateCheckInterval = 1, int(m.Once/time.Second)
	}
	return body, body.fill(m)
}

// fill sets the content.
func (b *corpBody) fill(m CorpMessage) error {
	switch {
	case m.Card != nil && m.Notice == nil && m.Text == "":
		b.MsgType, b.Card = "textcard", &corpTextCard{
			Title: cutBytes(m.Card.Title, 128), Text: cutBytes(m.Card.Text,
				512), URL: m.Card.URL, Button: shorten(m.Card.Button, 4, false),
		}
		if b.Card.Title == "" || b.Card.Text == "" || !isWebURL(m.Card.URL) || len(m.Card.URL) > 2048 {
			return invalid(corpSendAPI, "a card has a title, a text and an address of the web")
		}
	case m.Notice != nil && m.Card == nil && m.Text == "":
		b.MsgType, b.Notice = "template_card", m.Notice.body()
		if b.Notice.Title.Title == "" || !isWebURL(m.Notice.URL) || len(m.Notice.URL) > 2048 || len(m.Notice.Lines) > 6 {
			return invalid(corpSendAPI, "a notice has a title, at most 6 lines and an address of the web")
		}
	case m.Text != "" && m.Card == nil && m.Notice == nil:
		b.MsgType, b.Text = "text", &corpText{cutBytes(m.Text, 2048)}
	default:
		return invalid(corpSendAPI, "a message is a text, a card or a notice")
	}
	return nil
}

func (n NoticeCard) body() *corpNoticeCard {
	card := &corpNoticeCard{
		Kind: "text_notice", Title: corpTitle{shorten(n.Title, 26, true), shorten(n.Sub, 30,
			true)}, Text: shorten(n.Text, 112, true),
		Action: corpCardAction{openURL, n.URL}, ID: n.ID,
	}
	if n.Source != "" {
		card.Source = &corpSource{shorten(n.Source, 13, true)}
	}
	for _, l := range n.Lines {
		card.Lines = append(card.Lines, corpLine{shorten(l.Label, 5, false), shorten(l.Text, 26, true)})
	}
	return card
}

// cutBytes returns a text of at most limit bytes, without half a character at its end.
func cutBytes(text string, limit int) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	if len(text) <= limit {
		return text
	}
	const dots = "…"
	cut := limit - len(dots)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimRight(text[:cut], zeroWidthJoiner) + dots
}
