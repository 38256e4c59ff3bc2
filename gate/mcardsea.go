package gate

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// McardseaContentType is the type of every answer to a mcardsea reader.
const McardseaContentType = "application/json;charset=utf-8"

// McardseaScan is one request of a mcardsea reader. Gate, serial and the rest
// stand in the same text as the QR that a stranger shows: they are claims, and
// only the secret in the URL says which device this is.
type McardseaScan struct {
	CardID string // text of the QR, or a card's number
	Gate   int    // mjihao: which of the device's doors; 0 = not said
	Serial string // cjihao: the device
	Status string // two digits: first 1 = normal, second 1 = in, 0 = out; "" = not said
	Time   int64  // the device's clock in Unix seconds; 0 = not said
}

// Marks of the request, in the order in which devices send them.
const (
	mcardseaCard   = "cardid="
	mcardseaGate   = "mjihao="
	mcardseaSerial = "cjihao="
	mcardseaStatus = "status="
	mcardseaTime   = "time="
)

// ParseMcardsea reads what a mcardsea reader sends: the raw query of a GET or the
// body of a POST,
//
//	cardid=TEXT&mjihao=1&cjihao=HZ45BDAD&status=11&time=1773692713
//
// TEXT may come escaped or not, and may itself hold any of the names: it ends at
// the last &mjihao= (without one, at the last &cjihao=), and what stands right of
// it is the device's. Sent last, cardid runs to the end. The one error is
// ErrReaderRequest: nothing shown, too long, or a serial or gate that is none.
func ParseMcardsea(raw string) (McardseaScan, error) {
	if len(raw) > MaxReaderRequest {
		return McardseaScan{}, ErrReaderRequest
	}
	card, fields, ok := splitMcardsea(strings.TrimRight(raw, "\r\n\x00"))
	if !ok {
		return McardseaScan{}, ErrReaderRequest
	}
	s := McardseaScan{
		CardID: strings.TrimSpace(unescape(card)),
		Serial: lastField(fields, mcardseaSerial),
		Status: lastField(fields, mcardseaStatus),
	}
	if s.CardID == "" || !core.IsReaderSerial(s.Serial) || !readGate(fields, &s.Gate) {
		return McardseaScan{}, ErrReaderRequest
	}
	if len(s.Status) > 2 || strings.Trim(s.Status, "0123456789") != "" {
		s.Status = ""
	}
	if t, err := strconv.ParseInt(lastField(fields, mcardseaTime), 10, 64); err == nil && t > 0 {
		s.Time = t
	}
	return s, nil
}

// splitMcardsea parts the shown text from the device's fields, which are given
// with an & before each name.
func splitMcardsea(raw string) (card, fields string, ok bool) {
	rest, ok := strings.CutPrefix(raw, mcardseaCard)
	if !ok {
		fields, card, ok = strings.Cut(raw, "&"+mcardseaCard)
		return card, "&" + fields, ok
	}
	for _, name := range []string{mcardseaGate, mcardseaSerial} {
		if i := strings.LastIndex(rest, "&"+name); i >= 0 {
			return rest[:i], rest[i:], true
		}
	}
	return rest, "", true
}

// lastField gives the value of the last field of that name.
func lastField(fields, name string) string {
	_, value, _ := cutLast(fields, "&"+name)
	value, _, _ = strings.Cut(value, "&")
	return value
}

func readGate(fields string, gate *int) bool {
	text := lastField(fields, mcardseaGate)
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	*gate = int(n)
	return err == nil
}

// unescape turns %XX back where all of the text is so escaped; a + stays.
func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// The answer, with the types and the order of the maker's sample.
type mcardseaReply struct {
	Data    [1]mcardseaData `json:"data"`
	Code    int             `json:"code"`
	Message string          `json:"message"`
}

type mcardseaData struct {
	CardID string `json:"cardid"`
	Serial string `json:"cjihao"`
	Gate   int    `json:"mjihao"`
	Status int    `json:"status"` // 1 opens
	Time   string `json:"time"`   // the device sets its clock by it when a minute off
	Output int    `json:"output"` // 0 = nothing over Wiegand
}

// McardseaAnswer gives the whole body of the answer: the scan's own fields, the
// decision, and the server's time. A refusal still has code 0, which says that
// the request was understood; the zero scan is fine for one that was not.
func McardseaAnswer(s McardseaScan, allowed bool, now time.Time) []byte {
	reply := mcardseaReply{Message: "success"}
	reply.Data[0] = mcardseaData{CardID: s.CardID, Serial: s.Serial, Gate: s.Gate, Time: strconv.FormatInt(now.Unix(), 10)}
	if allowed {
		reply.Data[0].Status = 1
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // devices read it with no JSON library worth the name
	_ = e.Encode(reply)    // strings and numbers: cannot fail
	return bytes.TrimRight(b.Bytes(), "\n")
}

// SkewWarning is how far a device's clock may be off before somebody is told;
// mcardsea devices set theirs by the answer at the same distance.
const SkewWarning = time.Minute

// maxSkew bounds what is noted of a clock that was never set.
const maxSkew = 365 * 24 * time.Hour

// Skew gives how far a device's clock is ahead of ours, from its claim in Unix
// seconds; at most a year either way, and 0 where it claims nothing. It is a
// note: a scan is never refused for it.
func Skew(claim int64, now time.Time) time.Duration {
	if claim <= 0 {
		return 0
	}
	limit := int64(maxSkew / time.Second)
	seconds := min(max(min(claim, 1<<40)-now.Unix(), -limit), limit)
	return time.Duration(seconds) * time.Second
}
