package simulator

import (
	"encoding/json"
	"strconv"
	"time"
)

// turnstile is a turnstile's board with heads for QR codes.
var turnstile = firmware{
	request:   func(d Device, text string, now time.Time) message { return turnstileMessage(d, text, "0", now) },
	heartbeat: func(d Device, now time.Time) message { return turnstileMessage(d, "", "99", now) },
	opens:     turnstileOpens,
}

func turnstileMessage(d Device, text, kind string, now time.Time) message {
	head := "1"
	if d.Out {
		head = "2"
	}
	return message{
		body: "id=" + escape(text) + "&idtype=" + kind + "&sn=" + d.Serial + "&readno=" + head +
			"&time=" + strconv.FormatInt(now.Unix(), 10),
		contentType: "application/x-www-form-urlencoded",
	}
}

// turnstileOpens reports whether the board turns: result is the number 1.
func turnstileOpens(answer []byte) bool {
	var reply struct {
		Result json.Number `json:"result"`
	}
	return json.Unmarshal(answer, &reply) == nil && reply.Result == "1"
}
