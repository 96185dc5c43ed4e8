/** Made for benches; protects nothing. */
export const benchKey = 'YmVuY2gta2V5LWJlbmNoLWtleS1iZW5jaC1rZXktMDE';
