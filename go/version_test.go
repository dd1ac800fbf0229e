package lstmref

import (
	"os"
	"strings"
	"testing"
)

// TestVersion holds Version against the project's only version number.
func TestVersion(t *testing.T) {
	text, err := os.ReadFile("../pyproject.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\nversion = \""+Version+"\"\n") {
		t.Errorf("Version is %s, pyproject.toml says otherwise", Version)
	}
}
