"""The app in the browser: shows what runs left and starts new ones; holds no model."""
